//! The options that name the server of a command, and the authorities that its certificate may be of.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::client::{Admin, Client, ClientError, ClientOptions};
use crate::config::{
    ADMIN_LISTEN_DEFAULT, ADMIN_URL_VARIABLE, CA_VARIABLE, LISTEN_DEFAULT, URL_VARIABLE,
};

/// The URL of a listener at its default address.
pub(super) fn default_url(listen: SocketAddr) -> String {
    format!("http://{listen}")
}

/// The server of a client command.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The URL of the server, such as `https://rates.example/fx`; without this option, that of the environment variable.
    #[arg(long, value_name = "URL", env = URL_VARIABLE, default_value_t = default_url(LISTEN_DEFAULT))]
    server: String,
    #[command(flatten)]
    trust: TrustArgs,
}

impl ServerArgs {
    pub(super) fn client(&self) -> Result<Client, ClientError> {
        Client::with_options(&self.server, &self.trust.options())
    }
}

/// The operators' port of the server of a command.
#[derive(Debug, Args)]
pub(super) struct AdminArgs {
    /// The URL of the operators' port of the server (`server.admin_listen`); without this option, that of the environment variable.
    #[arg(long, value_name = "URL", env = ADMIN_URL_VARIABLE, default_value_t = default_url(ADMIN_LISTEN_DEFAULT), global = true)]
    admin: String,
    #[command(flatten)]
    trust: TrustArgs,
}

impl AdminArgs {
    pub(super) fn client(&self) -> Result<Admin, ClientError> {
        Admin::with_options(&self.admin, &self.trust.options())
    }

    /// The client of another URL, which trusts the same certificates.
    pub(super) fn client_of(&self, url: &str) -> Result<Client, ClientError> {
        Client::with_options(url, &self.trust.options())
    }
}

/// Which certificates of a server are trusted.
#[derive(Debug, Args)]
struct TrustArgs {
    /// For an https:// URL: a PEM file of the certificate authorities to trust. Default: those of the machine.
    #[arg(long, value_name = "FILE", env = CA_VARIABLE, global = true)]
    ca_file: Option<PathBuf>,
}

impl TrustArgs {
    fn options(&self) -> ClientOptions {
        ClientOptions {
            ca_file: self.ca_file.clone(),
        }
    }
}
