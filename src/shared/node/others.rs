//! How this replica differs from the others in what should be the same.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::shared::log::{Log, LogError};
use crate::shared::members::{Member, Traits};
use crate::shared::node::members;
use crate::shared::node::status::Status;

/// How often it is compared: every replica reads what all report, which is 150 KB a minute for each of a thousand. Its own settings
/// and another leader are compared as soon as they change.
const COMPARE_EVERY: Duration = Duration::from_secs(60);

/// What compares this replica with the others.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) log: Log,
    pub(super) node: String,
    /// Where the others are told that operators reach it when it leads.
    pub(super) admin_address: String,
    pub(super) status: Arc<watch::Sender<Status>>,
    /// What it serves by, as it changes.
    pub(super) traits: watch::Receiver<Traits>,
}

impl Comparison {
    /// Compares for as long as the replica runs.
    pub(super) async fn run(mut self) {
        let mut status = self.status.subscribe();
        loop {
            let traits = *self.traits.borrow_and_update();
            let leader = leader(&status.borrow_and_update());
            self.report(|status| status.traits = traits);
            if let Err(error) = self.compare(leader.as_deref(), traits).await {
                tracing::debug!(%error, "could not compare this replica with the others");
            }
            let has_changed = self.traits.changed();
            let has_other_leader = status.wait_for(|status| self::leader(status) != leader);
            tokio::select! {
                // The settings are those of the start if nothing tells others.
                Ok(()) = has_changed => {}
                Ok(_other) = has_other_leader => {}
                () = sleep(COMPARE_EVERY) => {}
            }
        }
    }

    async fn compare(&self, leader: Option<&str>, own: Traits) -> Result<(), LogError> {
        let mut others = members(&self.log).await?;
        others.retain(|member| member.node != self.node);
        let remarks = remarks(&others, leader, own, &self.admin_address);
        let known = self.status.borrow().remarks.clone();
        for new in remarks.iter().filter(|remark| !known.contains(remark)) {
            tracing::warn!("{new}");
        }
        self.report(|status| status.remarks = remarks);
        Ok(())
    }

    fn report(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = (status.remarks.clone(), status.traits);
            change(status);
            (&status.remarks, status.traits) != (&before.0, before.1)
        });
    }
}

fn leader(status: &Status) -> Option<String> {
    status.leader.as_ref().map(|leader| leader.node.clone())
}

fn remarks(
    others: &[Member],
    leader: Option<&str>,
    own: Traits,
    admin_address: &str,
) -> Vec<String> {
    let mut remarks = Vec::new();
    let leads = |member: &&Member| Some(member.node.as_str()) == leader;
    if let Some(Member { node, traits, .. }) = others.iter().find(leads) {
        let pairs = (
            "ticker.pairs",
            "readers see other pairs",
            (own.pairs, traits.pairs),
        );
        let order = "past dates, and rates when this replica leads, may be those of other banks";
        let prefer = ("ticker.prefer", order, (own.prefer, traits.prefer));
        for (setting, so, (own, leading)) in [pairs, prefer] {
            // A version that does not say has zero.
            if own != leading && own != 0 && leading != 0 {
                remarks.push(format!(
                    "`{setting}` is not that of `{node}`, which leads: {so}. Give all replicas the same settings"
                ));
            }
        }
    }
    let elsewhere = |member: &&Member| {
        let theirs = member.traits.loopback;
        theirs != own.loopback && theirs != 0 && own.loopback != 0
    };
    if let Some(other) = others.iter().find(elsewhere)
        && is_loopback(admin_address)
    {
        remarks.push(format!(
            "`{}` runs on another machine, which does not reach {admin_address}: set `shared.advertise_admin` to the URL at \
             which operators reach this replica",
            other.node
        ));
    }
    remarks
}

/// Whether a URL is one that only this machine reaches.
fn is_loopback(url: &str) -> bool {
    let (_scheme, host) = url.split_once("://").unwrap_or_default();
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::Position;
    use crate::shared::apply::Origin;
    use crate::shared::node::NodeSettings;
    use crate::shared::record::{Chain, FORMAT_OLDEST};

    fn member(node: &str, traits: Traits) -> Member {
        Member {
            node: node.to_owned(),
            seq: 1,
            chain: Chain::START,
            position: Position {
                epoch: "epoch".into(),
                revision: 1,
            },
            build: String::new(),
            state: None,
            trouble: String::new(),
            past_entries: 0,
            format: FORMAT_OLDEST,
            traits,
        }
    }

    const OWN: Traits = Traits {
        pairs: 1,
        prefer: 2,
        loopback: 3,
    };

    fn of(traits: Traits, admin_address: &str) -> String {
        let others = [member("one", traits), member("two", OWN)];
        remarks(&others, Some("one"), OWN, admin_address).join("|")
    }

    #[test]
    fn settings_are_compared_with_those_of_the_replica_that_leads() {
        assert_eq!(of(OWN, ""), "");
        let pairs = of(Traits { pairs: 9, ..OWN }, "");
        assert!(
            pairs.starts_with(
                "`ticker.pairs` is not that of `one`, which leads: readers see other pairs."
            ),
            "{pairs}"
        );
        let both = of(
            Traits {
                pairs: 9,
                prefer: 9,
                ..OWN
            },
            "",
        );
        assert_eq!(both.split('|').count(), 2, "{both}");
        assert_eq!(of(Traits::default(), ""), "", "it does not say");
        let others = [member("two", Traits { pairs: 9, ..OWN })];
        assert!(
            remarks(&others, Some("one"), OWN, "").is_empty(),
            "it does not lead"
        );
        assert!(remarks(&others, None, OWN, "").is_empty());
    }

    #[test]
    fn an_address_that_another_machine_cannot_reach_is_reported() {
        let elsewhere = Traits { loopback: 9, ..OWN };
        let told = of(elsewhere, "http://127.0.0.1:9464");
        assert!(
            told.starts_with(
                "`one` runs on another machine, which does not reach http://127.0.0.1:9464: set"
            ),
            "{told}"
        );
        assert_eq!(of(elsewhere, "http://10.0.0.1:9464"), "");
        assert_eq!(of(elsewhere, ""), "");
        assert_eq!(of(OWN, "http://127.0.0.1:9464"), "");
        assert_eq!(of(Traits { loopback: 0, ..OWN }, "http://[::1]:1"), "");
    }

    #[test]
    fn the_address_of_a_replica_that_never_leads_is_of_no_concern() {
        let settings = |may_lead| NodeSettings {
            log: "main".into(),
            origin: Origin {
                node: "edge".to_owned(),
                build: String::new(),
                format: FORMAT_OLDEST,
            },
            admin_address: "http://127.0.0.1:9464".to_owned(),
            may_lead,
            lease: Duration::from_secs(10),
            revertible_for: Duration::ZERO,
            clock: Clock::real(),
        };
        let told = |may_lead| {
            let elsewhere = Traits { loopback: 9, ..OWN };
            of(elsewhere, settings(may_lead).address_as_leader())
        };
        assert_ne!(told(true), "");
        assert_eq!(told(false), "");
    }
}
