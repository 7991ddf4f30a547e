//! Reports that the settings which decide the answers to past dates are others than at the last start, or before a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{
    Book, Currency, Fingerprint, ORDER_OF_ANSWERS, RestoredState, ServedFingerprint, SourceId,
    SourceRecord, candidates,
};

/// The sources that may answer for each currency, in the order of preference: `KZT: nbk, cbr`.
pub(super) fn order(book: &Book) -> String {
    let records = book.records().map(|record| (record.id, Arc::clone(record)));
    let records: BTreeMap<SourceId, Arc<SourceRecord>> = records.collect();
    let of_currency = |home: Currency| {
        let sources = candidates(&records, book.preferences(), home).into_iter();
        let ids: Vec<&str> = sources.map(|source| source.id.as_str()).collect();
        format!("{home}: {}", ids.join(", "))
    };
    Currency::FIVE.map(of_currency).join("; ")
}

/// What the ledger keeps of the settings; `None` if it has it already. A change is logged: answers to past dates that were
/// given before may differ from now on.
pub(super) fn to_record(
    book: &Book,
    restored: Option<&RestoredState>,
) -> Option<ServedFingerprint> {
    let order = order(book);
    let fingerprint = Some(Fingerprint::of_text(&order));
    let known = restored.and_then(|restored| restored.served.get(ORDER_OF_ANSWERS));
    if known.is_some_and(|known| known.fingerprint == fingerprint) {
        return None;
    }
    if known.is_some() {
        tracing::warn!(
            %order,
            "the sources that answer past dates are others than at the last start (enabled sources or ticker.prefer): \
             answers to past dates may differ from those given before"
        );
    }
    Some(ServedFingerprint {
        subject: ORDER_OF_ANSWERS.to_owned(),
        fingerprint,
    })
}

/// What the ledger keeps of the settings of a reload; `None` if they give the answers of the order before. A change is logged.
pub(super) fn changed(before: &str, book: &Book) -> Option<ServedFingerprint> {
    let order = order(book);
    if order == before {
        return None;
    }
    tracing::warn!(
        %order,
        "the sources that answer past dates are others than before the reload (enabled sources or ticker.prefer): \
         answers to past dates may differ from those given before"
    );
    Some(ServedFingerprint {
        subject: ORDER_OF_ANSWERS.to_owned(),
        fingerprint: Some(Fingerprint::of_text(&order)),
    })
}
