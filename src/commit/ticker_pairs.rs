//! What the ledger keeps of the pairs of the ticker: a client that stopped before they changed holds other rows.

use crate::domain::{Fingerprint, PAIRS_OF_TICKER, RateFilter, RestoredState, ServedFingerprint};

/// The pairs, in their order.
fn fingerprint(pairs: &RateFilter) -> Fingerprint {
    let items: Vec<String> = pairs.items().collect();
    Fingerprint::of_text(&items.join(", "))
}

/// The revision from which on these pairs are those of the ticker; `None` if the ledger has others, or does not say.
pub(super) fn shown_since(pairs: &RateFilter, restored: &RestoredState) -> Option<u64> {
    let known = restored.served.get(PAIRS_OF_TICKER)?;
    (known.fingerprint == Some(fingerprint(pairs))).then_some(known.revision)
}

/// What the ledger keeps of pairs that the entry with it begins to show.
pub(super) fn to_record(pairs: &RateFilter) -> ServedFingerprint {
    ServedFingerprint {
        subject: PAIRS_OF_TICKER.to_owned(),
        fingerprint: Some(fingerprint(pairs)),
    }
}
