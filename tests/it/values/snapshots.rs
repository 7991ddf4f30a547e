//! What one snapshot has that another has not: for a client, for another replica, and across a restart.

use std::collections::BTreeMap;

use silkrate::domain::{
    Continuity, Currency, Fingerprint, ORDER_OF_ANSWERS, PAIRS_OF_TICKER, Pair, Position, QuoteKey,
    RateFilter, RestoredState, ServedChange, ServedFingerprint, ServedRevision, Snapshot, SourceId,
    View,
};

use crate::support::boards::noon;
use crate::support::records::Records;
use crate::values::{NBK, april, nbk};

const EURO: QuoteKey = (Currency::KZT, Currency::constant("EUR"));

fn position(revision: u64) -> Position {
    Position {
        epoch: "epoch".into(),
        revision,
    }
}

/// What is served of the Kazakh table of a day, with a dollar of this value, beside a bank without a table.
fn view_with(usd: &str) -> View {
    let rows = [("EUR", 1, "551.06"), ("USD", 1, usd)];
    let records = Records::default()
        .with("nbk", Some(Currency::KZT), vec![nbk(april(2), &rows)])
        .with("nbkr", Some(Currency::KGS), Vec::new());
    records.book().view(noon(april(2)))
}

fn view() -> View {
    view_with("475.09")
}

fn first() -> Snapshot {
    let empty = Snapshot::initial(position(0), BTreeMap::new());
    empty.next(view()).unwrap()
}

/// The same without the euro.
fn without_euro() -> View {
    let mut view = view();
    assert!(view.quotes.remove(&EURO).is_some());
    view
}

/// The same after the bank missed a publication.
fn late() -> View {
    let mut view = view();
    view.states.get_mut(&NBK).unwrap().missed_publications = 1;
    view
}

fn changed_at(snapshot: &Snapshot, pair: &str) -> u64 {
    let rate = snapshot.rate(Pair::parse(pair).unwrap()).unwrap();
    rate.changed_at_revision
}

/// The subjects of changes: `-` before one that is no longer served.
fn subjects(changes: &[ServedChange]) -> Vec<String> {
    let subject = |change: &ServedChange| match change {
        ServedChange::Quote((home, other), quote) => {
            let mark = if quote.is_some() { "" } else { "-" };
            format!("{mark}{home}/{other}")
        }
        ServedChange::Source(id, state) => {
            let mark = if state.is_some() { "" } else { "-" };
            format!("{mark}{id}")
        }
    };
    changes.iter().map(subject).collect()
}

#[test]
fn what_did_not_change_keeps_the_revision_that_changed_it_last() {
    let first = first();
    assert_eq!(first.position.revision, 1);
    assert_eq!(first.next(view()), None, "all of it is the same");

    let second = first.next(view_with("475.90")).unwrap();
    assert_eq!(second.position, position(2));
    assert_eq!(changed_at(&second, "KZT/USD"), 2);
    assert_eq!(changed_at(&second, "KZT/EUR"), 1);
    assert_eq!(second.source(NBK).unwrap().changed_at_revision, 1);

    let late = first.next(late()).unwrap();
    assert_eq!(changed_at(&late, "KZT/USD"), 1);
    assert_eq!(late.source(NBK).unwrap().changed_at_revision, 2);
    let other = late.source(SourceId::new("nbkr")).unwrap();
    assert_eq!(other.changed_at_revision, 1);
}

#[test]
fn an_update_names_the_pairs_that_left_and_the_sources_that_changed() {
    let first = first();
    let second = first.next(without_euro()).unwrap();
    let third = second.next(late()).unwrap();
    let all = RateFilter::parse(&["*/*"]).unwrap();
    let removed = |snapshot: &Snapshot, after, filter: &RateFilter| {
        let update = snapshot.update_since(after, filter);
        let pairs = update.removed_pairs.iter();
        pairs.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(removed(&second, 1, &all), ["EUR/KZT", "KZT/EUR"]);
    let dollar = RateFilter::parse(&["KZT/USD"]).unwrap();
    assert_eq!(removed(&second, 1, &dollar), Vec::<String>::new());
    assert_eq!(removed(&second, 2, &all), Vec::<String>::new());
    assert_eq!(removed(&third, 1, &all), Vec::<String>::new(), "it is back");
    let sources = |snapshot: &Snapshot, after| {
        let update = snapshot.update_since(after, &all);
        let ids = update.sources.iter().map(|state| state.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(sources(&first, 0), [NBK, SourceId::new("nbkr")]);
    assert_eq!(sources(&second, 1), []);
    assert_eq!(sources(&third, 2), [NBK]);
    assert_eq!(sources(&third, 3), []);
    assert!(second.can_update_from(0));
    let forgetful = first.remembering(0).next(without_euro()).unwrap();
    assert!(!forgetful.can_update_from(1));
    assert!(forgetful.can_update_from(2));
}

#[test]
fn changes_are_what_differs_whether_it_was_made_here_or_elsewhere() {
    let (first, elsewhere) = (first(), first());
    assert_eq!(elsewhere.changes_from(&first), []);
    assert_eq!(first.changes_from(&first), []);

    let second = first.next(view_with("475.90")).unwrap();
    assert_eq!(subjects(&second.changes_from(&first)), ["KZT/USD"]);
    let other = Snapshot::initial(position(0), BTreeMap::new());
    let other = other.next(view_with("475.90")).unwrap();
    assert_eq!(
        subjects(&other.changes_from(&first)),
        ["KZT/USD"],
        "of the same revision"
    );
    let anew = first.renewed(position(7));
    let all = ["KZT/EUR", "KZT/USD", "nbk", "nbkr"];
    assert_eq!(subjects(&anew.changes_from(&first)), all);
    assert_eq!(subjects(&first.whole()), all);

    let mut view = without_euro();
    assert!(view.states.remove(&NBK).is_some());
    let left = first.next(view).unwrap();
    assert_eq!(subjects(&left.changes_from(&first)), ["-KZT/EUR", "-nbk"]);
    assert_eq!(subjects(&first.changes_from(&left)), ["KZT/EUR", "nbk"]);
    for next in [&second, &left] {
        let changes = next.changes_from(&first);
        assert_eq!(first.changed(next.position.clone(), changes), *next);
    }
    let removed: Vec<_> = left.removals().collect();
    assert_eq!(removed, [(EURO, 2)]);
    let assembled = Snapshot::assembled(left.position.clone(), left.whole(), removed);
    assert_eq!(assembled, left);
    // A quote that is not served does not leave a second time.
    let again = left.changed(position(3), vec![ServedChange::Quote(EURO, None)]);
    assert_eq!(again.removals().collect::<Vec<_>>(), [(EURO, 2)]);
}

/// What the ledger knows of a snapshot at whose revision all of it changed, and of settings.
fn known(snapshot: &Snapshot) -> RestoredState {
    let revision = snapshot.position.revision;
    let served = snapshot.changes().into_iter().map(|change| {
        let fingerprint = change.fingerprint;
        (
            change.subject,
            ServedRevision {
                revision,
                fingerprint,
            },
        )
    });
    let mut served: BTreeMap<String, ServedRevision> = served.collect();
    for subject in [ORDER_OF_ANSWERS, PAIRS_OF_TICKER] {
        let fingerprint = Some(Fingerprint::of_text(subject));
        let settings = ServedRevision {
            revision,
            fingerprint,
        };
        served.insert(subject.to_owned(), settings);
    }
    RestoredState {
        position: snapshot.position.clone(),
        at: noon(april(2)),
        attempted: Vec::new(),
        served,
        left: Vec::new(),
    }
}

#[test]
fn a_snapshot_that_is_restored_serves_the_same_at_the_same_position() {
    let snapshot = first().renewed(position(5));
    let changes = snapshot.changes();
    let named: Vec<&str> = changes.iter().map(|one| one.subject.as_str()).collect();
    assert_eq!(named, ["KZT/EUR", "KZT/USD", "source nbk", "source nbkr"]);
    assert!(changes.iter().all(|one| one.fingerprint.is_some()));
    assert_eq!(snapshot.at_next_revision().changes(), []);

    let mut known = known(&snapshot);
    assert!(!known.has_unknown_fingerprints());
    let (restored, continuity) = Snapshot::restored(&known, view());
    assert_eq!(continuity, Continuity::Exact);
    assert_eq!(restored, snapshot);

    known.left = vec![((Currency::KZT, Currency::constant("GBP")), 4)];
    let (restored, _) = Snapshot::restored(&known, view());
    assert_eq!(restored.removals().collect::<Vec<_>>(), known.left);
}

#[test]
fn what_differs_after_a_restart_is_served_at_the_next_revision() {
    let snapshot = first().renewed(position(5));
    let known = known(&snapshot);
    let (restored, continuity) = Snapshot::restored(&known, view_with("475.90"));
    assert_eq!(continuity, Continuity::Changed);
    assert_eq!(restored.position, position(6));
    assert_eq!(changed_at(&restored, "KZT/USD"), 6);
    assert_eq!(changed_at(&restored, "KZT/EUR"), 5);
    let (restored, continuity) = Snapshot::restored(&known, late());
    assert_eq!(continuity, Continuity::Changed);
    assert_eq!(restored.source(NBK).unwrap().changed_at_revision, 6);

    let mut unknown = known.clone();
    unknown.served.get_mut("KZT/EUR").unwrap().fingerprint = None;
    assert!(unknown.has_unknown_fingerprints());
    let (restored, _) = Snapshot::restored(&unknown, view());
    assert_eq!(changed_at(&restored, "KZT/EUR"), 6);
    assert_eq!(changed_at(&restored, "KZT/USD"), 5);
}

#[test]
fn what_is_no_longer_served_after_a_restart_breaks_the_continuity() {
    let snapshot = first().renewed(position(5));
    let known = known(&snapshot);
    let (restored, continuity) = Snapshot::restored(&known, without_euro());
    assert_eq!(continuity, Continuity::Broken);
    assert_eq!(restored.position, position(6));
    let euro = ServedFingerprint {
        subject: "KZT/EUR".to_owned(),
        fingerprint: None,
    };
    assert!(!euro.is_of_settings());
    assert_eq!(snapshot.lost_in(&restored), [euro]);
    assert_eq!(restored.lost_in(&snapshot), []);
    let settings = ServedFingerprint {
        subject: ORDER_OF_ANSWERS.to_owned(),
        fingerprint: None,
    };
    assert!(settings.is_of_settings());
    let mut view = view();
    view.states.remove(&NBK);
    let (restored, continuity) = Snapshot::restored(&known, view);
    assert_eq!(continuity, Continuity::Broken);
    let lost = snapshot.lost_in(&restored);
    assert_eq!(lost[0].subject, "source nbk");
    assert_eq!(lost.len(), 1);
}

#[test]
fn a_fingerprint_has_the_bytes_of_the_digest_and_is_shown_in_hexadecimal() {
    // The SHA-256 of `abc`, from the examples of FIPS 180.
    let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let fingerprint = Fingerprint::of_text("abc");
    assert_eq!(fingerprint.to_string(), digits);
    assert_eq!(format!("{fingerprint:?}"), digits);
    assert_eq!(fingerprint.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
    assert_eq!(Fingerprint::parse(digits), Some(fingerprint));
}
