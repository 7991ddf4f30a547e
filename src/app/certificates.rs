//! The certificates of the ports, from the files of a configuration.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::AppError;
use crate::app::blocking::blocking;
use crate::config::{Config, TlsFiles};
use crate::tls::{Certificates, HttpVersions, ServerTls, TlsError};

/// The TLS of each port; none of one that does not speak it.
#[derive(Debug)]
pub(super) struct PortCertificates {
    pub(super) grpc: Option<Arc<ServerTls>>,
    pub(super) admin: Option<Arc<ServerTls>>,
    pub(super) web: Option<Arc<ServerTls>>,
}

/// A port that may speak TLS: the table of its settings, its files, and the versions of HTTP that it serves.
type Port<'c> = (&'static str, Option<&'c TlsFiles>, HttpVersions);

/// The ports: of gRPC, of operators and of browsers.
fn ports(config: &Config) -> [Port<'_>; 3] {
    let both = HttpVersions::Http2AndHttp1;
    [
        (
            "server.tls",
            config.server.tls.as_ref(),
            HttpVersions::Http2,
        ),
        ("admin.tls", config.server.admin_tls.as_ref(), both),
        ("web.tls", config.web.tls.as_ref(), both),
    ]
}

/// Each port with TLS: the table of its settings, and what its files give now.
pub(super) fn read(
    config: &Config,
) -> impl Iterator<Item = (&'static str, Result<ServerTls, TlsError>)> {
    let with_tls = ports(config).into_iter();
    with_tls.filter_map(|(table, files, versions)| {
        let loaded = ServerTls::load(files?, versions, Timestamp::now());
        Some((table, loaded))
    })
}

impl PortCertificates {
    /// Reads the files, on a thread that may block.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub(super) async fn load(config: &Config) -> Result<Self, AppError> {
        let config = config.clone();
        blocking(move || {
            let load = |(table, files, versions): Port<'_>| {
                let load = |files| ServerTls::load(files, versions, Timestamp::now());
                let loaded = files.map(load).transpose();
                let loaded = loaded.map_err(|source| AppError::Tls { table, source });
                loaded.map(|tls| tls.map(Arc::new))
            };
            let [grpc, admin, web] = ports(&config).map(load);
            Ok(Self {
                grpc: grpc?,
                admin: admin?,
                web: web?,
            })
        })
        .await
    }

    /// All of them, by the names of the ports in the log and in the metrics.
    pub(super) fn all(&self) -> Certificates {
        let Self { grpc, admin, web } = self;
        let ports = [("grpc", grpc), ("admin", admin), ("web", web)];
        Certificates::new(
            ports
                .into_iter()
                .filter_map(|(name, tls)| Some((name, Arc::clone(tls.as_ref()?)))),
        )
    }
}
