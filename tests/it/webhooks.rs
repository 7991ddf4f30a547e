//! Webhooks, delivered to receivers on loopback.

mod command;
mod events;
mod missed;
mod trouble;
mod turn;
mod unrecorded;
mod upgrade;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use silkrate::clock::Clock;
use silkrate::config::{Config, EventKind, Store, Webhook, WebhookSecret};
use silkrate::domain::{Pair, RateFilter};
use silkrate::webhooks::{WebhookState, path_beside, states};
use tempfile::TempDir;

use crate::support::april::{bank_of_april, nbk, nbk_path};
use crate::support::bank::Bank;
use crate::support::silkrate::{Silkrate, settings, source};

/// The afternoon of 2 April 2026 in Almaty.
const NOW: &str = "2026-04-02T09:00:00Z";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A timeout: nothing that these tests wait for takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The Kazakh bank, and the settings and the clock of a service whose ledger is in a folder.
struct World {
    bank: Bank,
    clock: Clock,
    config: Config,
    folder: TempDir,
}

pub(crate) fn webhook(name: &str, url: &str) -> Webhook {
    Webhook {
        name: name.to_owned(),
        url: url.to_owned(),
        pairs: RateFilter::parse(&["USD/KZT"]).unwrap(),
        events: EventKind::ALL.to_vec(),
        min_change_percent: None,
        secrets: vec![WebhookSecret::parse(SECRET).unwrap()],
        timeout: Duration::from_secs(10),
    }
}

impl World {
    /// A world whose clock runs as fast as real time, or faster, and in which the bank is polled several times a second.
    async fn new(speed: u32, webhooks: Vec<Webhook>) -> Self {
        let bank = bank_of_april().await;
        let folder = TempDir::new().unwrap();
        let mut config = settings(NOW);
        let mut nbk = source("nbk", "", &bank.url());
        nbk.interval = Duration::from_millis(100) * speed;
        config.sources.push(nbk);
        config.store = Store::File(folder.path().join("silkrate.db"));
        config.webhooks = webhooks;
        Self {
            clock: Clock::replay(NOW.parse::<Timestamp>().unwrap(), speed),
            bank,
            config,
            folder,
        }
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("silkrate.db")
    }

    /// The service, once every webhook has begun.
    async fn start(&self) -> Silkrate {
        let silkrate = Silkrate::start_with(self.config.clone(), self.clock.clone()).await;
        let count = self.config.webhooks.len();
        until(&self.ledger(), |states| states.len() >= count).await;
        silkrate
    }

    /// From now on the bank prints another dollar for 2 April.
    fn correct(&self, dollar: &str) {
        let table = nbk("02.04.2026", (dollar, "-3.68"), ("3.91", "-0.02"));
        self.bank.publish(&[
            (nbk_path("02.04.2026"), table.clone()),
            (nbk_path("03.04.2026"), table),
        ]);
    }

    /// The same, once it is served.
    async fn serve(&self, silkrate: &Silkrate, dollar: &str) {
        self.correct(dollar);
        let pair = Pair::parse("USD/KZT").unwrap();
        silkrate
            .committed(|snapshot| {
                let rate = snapshot.rate(pair);
                rate.is_some_and(|rate| rate.value.to_string() == dollar)
            })
            .await;
    }
}

/// Waits until the states of the webhooks beside a ledger satisfy a condition, and returns them.
pub(crate) async fn until(
    ledger: &Path,
    is_met: impl Fn(&[WebhookState]) -> bool,
) -> Vec<WebhookState> {
    let path = path_beside(ledger);
    let met = async {
        loop {
            if let Ok(states) = states(&path)
                && is_met(&states)
            {
                return states;
            }
            tokio::task::yield_now().await;
        }
    };
    let met = tokio::time::timeout(PATIENCE, met).await;
    met.expect("the webhooks get there")
}
