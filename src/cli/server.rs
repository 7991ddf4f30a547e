//! The options that name the server of a command, the authorities that its certificate may be of, and the certificate and the
//! key that are shown to it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::client::{AccessKey, Admin, Client, ClientError, ClientIdentity, ClientOptions};
use crate::config::{
    ACCESS_KEY_FILE_VARIABLE, ADMIN_LISTEN_DEFAULT, ADMIN_URL_VARIABLE, CA_VARIABLE,
    CERTIFICATE_KEY_VARIABLE, CERTIFICATE_VARIABLE, LISTEN_DEFAULT, URL_VARIABLE, access_key,
};

/// The URL of a listener at its default address.
pub(super) fn default_url(listen: SocketAddr) -> String {
    format!("http://{listen}")
}

/// The URLs of a service.
#[derive(Debug, Args)]
pub(super) struct UrlArgs {
    /// The URL of the server, such as `https://rates.example/fx`; without this option, that of the environment variable. Of
    /// replicas several, with commas or with the option again: where one does not answer, the next one is asked.
    #[arg(
        long = "server",
        value_name = "URL",
        env = URL_VARIABLE,
        value_delimiter = ',',
        default_values_t = [default_url(LISTEN_DEFAULT)],
    )]
    servers: Vec<String>,
}

impl UrlArgs {
    /// The URLs, with commas between them.
    pub(super) fn urls(&self) -> String {
        self.servers.join(",")
    }
}

/// The server of a client command.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    #[command(flatten)]
    urls: UrlArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl ServerArgs {
    pub(super) fn client(&self) -> Result<Client, ClientError> {
        Client::with_options(&self.urls.urls(), &self.trust.options()?)
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
        Admin::with_options(&self.admin, &self.trust.options()?)
    }

    /// Whether it is the port of this machine at its default address.
    pub(super) fn is_default(&self) -> bool {
        self.admin == default_url(ADMIN_LISTEN_DEFAULT)
    }

    /// The client of another URL, which trusts the same certificates.
    pub(super) fn client_of(&self, url: &str) -> Result<Client, ClientError> {
        Client::with_options(url, &self.trust.options()?)
    }
}

/// Which certificates of a server are trusted, and which one is shown to it.
#[derive(Debug, Args)]
struct TrustArgs {
    /// For an https:// URL: a PEM file of the certificate authorities to trust. Default: those of the machine.
    #[arg(long = "ca-file", value_name = "FILE", env = CA_VARIABLE, global = true)]
    ca: Option<PathBuf>,
    /// For a server that demands a certificate of its clients: a PEM file with that of this one.
    #[arg(
        long = "certificate-file",
        value_name = "FILE",
        env = CERTIFICATE_VARIABLE,
        requires = "key",
        global = true
    )]
    certificate: Option<PathBuf>,
    /// A PEM file with the private key of that certificate.
    #[arg(
        long = "key-file",
        value_name = "FILE",
        env = CERTIFICATE_KEY_VARIABLE,
        requires = "certificate",
        global = true
    )]
    key: Option<PathBuf>,
    /// For a server that demands a key, or gives its holder limits of their own: a file that has the key alone.
    #[arg(
        long = "access-key-file",
        value_name = "FILE",
        env = ACCESS_KEY_FILE_VARIABLE,
        global = true
    )]
    access_key: Option<PathBuf>,
    /// Send the key without TLS to another machine, where every network on the way can read it.
    #[arg(long = "expose-access-key", global = true)]
    expose_access_key: bool,
}

impl TrustArgs {
    fn options(&self) -> Result<ClientOptions, ClientError> {
        let key = match (&self.access_key, access_key()) {
            (Some(file), _) => Some(AccessKey::read(file)?),
            (None, Some(key)) => Some(AccessKey::new(&key)?),
            (None, None) => None,
        };
        let files = self.certificate.clone().zip(self.key.clone());
        Ok(ClientOptions {
            ca_file: self.ca.clone(),
            identity: files.map(|(certificate_file, key_file)| ClientIdentity {
                certificate_file,
                key_file,
            }),
            key,
            exposes_key: self.expose_access_key,
        })
    }
}
