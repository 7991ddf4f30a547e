//! What is not current, once every fault has ended.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use silkrate::pb;

use crate::bank::Bank;
use crate::resume;
use crate::service::Service;
use crate::subscriber::Held;

/// How long after the last fault, in the time of the runtime, everything is current at the latest. A bank that demanded a pause,
/// or failed often, is asked again after an hour of the clock, which is a minute; a disk is tried again after a minute; a
/// subscriber notices a dead connection after a minute, and connects again within another one.
pub(crate) const CURRENT_WITHIN: Duration = Duration::from_secs(300);

/// What is not current.
pub(crate) async fn missing(service: &Service, banks: &[Arc<Bank>], held: &[Held]) -> Vec<String> {
    let mut missing = Vec::new();
    if let Some(error) = &service.ledger.borrow().error {
        missing.push(error.clone());
    }
    let rates = resume::snapshot(&service.rates, &["*/*"]).await;
    let pairs = [("USD/KZT", "USD"), ("USD/UZS", "USD"), ("KGS/RUB", "KGS")];
    for (bank, (pair, code)) in banks.iter().zip(pairs) {
        let (date, value) = bank.in_force(code);
        let rate = rates.rates.iter().find(|rate| rate.pair == pair);
        let fixing = rate.and_then(|rate| rate.fixings.first());
        let is_current = fixing.is_some_and(|fixing| {
            fixing.value == value && fixing.effective_date >= date.to_string()
        });
        if !is_current {
            missing.push(format!(
                "{pair}: {fixing:?}, and {value} of {date} is in force"
            ));
        }
        let state = rates.sources.iter().find(|state| state.id == bank.kind.id);
        let freshness = state.map(pb::SourceState::freshness);
        let is_fresh = matches!(
            freshness,
            Some(pb::Freshness::Fresh | pb::Freshness::CarriedOver)
        );
        if !is_fresh {
            missing.push(format!("{} is {freshness:?}", bank.kind.id));
        }
    }
    let present = rates.position;
    for (number, held) in held.iter().enumerate() {
        let held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if *held != present {
            missing.push(format!("subscriber {number} holds {held:?} of {present:?}"));
        }
    }
    missing
}
