//! One reading of a server: its rates and sources over the public port, its figures from that of operators.

use futures_util::future::join3;
use http::Uri;
use jiff::Timestamp;
use tokio::time::Instant;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::cli::top::page::Page;
use crate::client::{Admin, Client, ClientError, ProbeAnswer};
use crate::pb::{Position, Rate, Replica, SourceDetail};

/// Reads a server, each time over the same two connections.
#[derive(Debug)]
pub(super) struct Reader {
    client: Client,
    /// The pairs to read; empty: the server's ticker.
    pairs: Vec<String>,
    /// The operators' port; none if only that of this machine could be asked, and the server is on another one.
    admin: Option<Admin>,
}

/// What the public port answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Served {
    pub(super) position: Option<Position>,
    pub(super) rates: Vec<Rate>,
    pub(super) sources: Vec<SourceDetail>,
    /// How the replica stands to the others; none of a service that runs alone.
    pub(super) replica: Option<Replica>,
    /// What the health service reports; none where a proxy does not pass it on.
    pub(super) health: Option<ServingStatus>,
}

/// What the operators' port answered.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) page: Page,
    /// When the page was written, by the clock of the server's machine.
    pub(super) date: Option<Timestamp>,
    /// When the page arrived.
    pub(super) arrived: Instant,
    /// Whether the server is ready.
    pub(super) is_ready: bool,
    /// The conditions of readiness that do not hold, with their reasons.
    pub(super) failed: Vec<String>,
}

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// The operators' port of that server is not known.
    Unnamed,
    /// It did not answer, for this reason.
    Failed(String),
}

/// What one reading found.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) served: Result<Served, ClientError>,
    pub(super) figures: Result<Figures, Silence>,
}

/// The mark of a condition that does not hold, on the page of a probe.
const FAILED_MARK: &str = "[-] ";

impl Reader {
    /// A reader, in a runtime. The operators' port at its default address is one of this machine: it is not asked about a
    /// server elsewhere, whose figures it does not have.
    pub(super) fn new(
        client: Client,
        (admin, is_default): (Admin, bool),
        pairs: Vec<String>,
    ) -> Self {
        let is_of_server = !is_default || is_on_this_machine(client.url());
        Self {
            client: client.on_one_connection(),
            pairs,
            admin: is_of_server.then(|| admin.on_one_connection()),
        }
    }

    /// The URL of the server.
    pub(super) fn url(&self) -> &str {
        self.client.url()
    }

    /// Reads everything once.
    pub(super) async fn read(&self) -> Reading {
        let (served, figures) = futures_util::future::join(self.served(), self.figures()).await;
        Reading { served, figures }
    }

    async fn served(&self) -> Result<Served, ClientError> {
        let (snapshot, sources, health) = join3(
            self.client.snapshot(&self.pairs),
            self.client.sources(),
            self.client.health(),
        )
        .await;
        let (snapshot, sources) = (snapshot?, sources?);
        Ok(Served {
            position: snapshot.position,
            rates: snapshot.rates,
            sources: sources.sources,
            replica: sources.replica,
            health: health.ok(),
        })
    }

    async fn figures(&self) -> Result<Figures, Silence> {
        let admin = self.admin.as_ref().ok_or(Silence::Unnamed)?;
        let read = async {
            let page = admin.metrics().await?;
            let arrived = Instant::now();
            let ready = admin.probe("/readyz?verbose").await?;
            Ok(Figures {
                page: Page::parse(&page.text),
                date: page.date,
                arrived,
                is_ready: ready.has_passed,
                failed: failed(&ready),
            })
        };
        read.await
            .map_err(|error: ClientError| Silence::Failed(error.to_string()))
    }
}

fn failed(answer: &ProbeAnswer) -> Vec<String> {
    let lines = answer.page.lines();
    let failed = lines.filter_map(|line| line.strip_prefix(FAILED_MARK));
    failed.map(str::to_owned).collect()
}

fn is_on_this_machine(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse();
    address.map_or(host == "localhost", |address: std::net::IpAddr| {
        address.is_loopback()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_loopback_is_on_this_machine() {
        for here in [
            "http://127.0.0.1:50051",
            "https://localhost/fx",
            "http://[::1]:1",
        ] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for elsewhere in ["http://rates.example:50051", "http://10.0.0.1"] {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn the_default_port_of_operators_is_asked_about_a_server_of_this_machine_alone() {
        let reader = |url: &str, is_default| {
            let admin = Admin::new("http://127.0.0.1:9464").unwrap();
            let client = Client::new(url).unwrap();
            Reader::new(client, (admin, is_default), Vec::new())
        };
        assert!(reader("http://127.0.0.1:50051", true).admin.is_some());
        assert!(reader("http://rates.example", false).admin.is_some());
        let elsewhere = reader("http://rates.example", true);
        assert_eq!(elsewhere.figures().await.unwrap_err(), Silence::Unnamed);
    }

    #[test]
    fn the_conditions_that_do_not_hold_are_known_by_their_reasons() {
        let page = "[+] serving\n[-] ledger: full\n[-] source nbk: new\nnot ready\n";
        let answer = ProbeAnswer {
            has_passed: false,
            page: page.to_owned(),
        };
        assert_eq!(failed(&answer), ["ledger: full", "source nbk: new"]);
    }
}
