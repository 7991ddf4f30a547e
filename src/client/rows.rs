//! The rows that a subscriber holds, and how messages change them.

use crate::pb::{Position, Rate, SourceState, Update, WatchRatesResponse};

/// The rows of one position.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The filter as sent, in upper case; empty for the server's ticker.
    wanted: Vec<String>,
    /// The position of the last whole message.
    pub(super) position: Option<Position>,
    /// The position of the rows, even after `position` was forgotten.
    shown: Option<Position>,
    /// In the order of the filter.
    pub(super) rates: Vec<Rate>,
    /// Sorted by id.
    pub(super) sources: Vec<SourceState>,
}

impl Rows {
    pub(super) fn new(pairs: &[String]) -> Self {
        Self {
            wanted: pairs.iter().map(|pair| pair.to_ascii_uppercase()).collect(),
            ..Self::default()
        }
    }

    /// Replaces all rows.
    pub(super) fn replace(
        &mut self,
        position: Position,
        rates: Vec<Rate>,
        sources: Vec<SourceState>,
    ) {
        self.shown = Some(position.clone());
        self.position = Some(position);
        self.rates = rates;
        self.sources = sources;
    }

    /// How a replica at a position is behind the rows, if it is. Revisions rise over the epochs of a log, so that one which is cut off
    /// in an older epoch is behind, too; one that is not may serve a log that was set back.
    pub(super) fn leaves_behind(&self, replica_at: &Position, is_detached: bool) -> Option<String> {
        let shown = self.shown.as_ref()?;
        let (held, has) = (shown.revision, replica_at.revision);
        let is_behind = (is_detached || shown.epoch == replica_at.epoch) && has < held;
        is_behind.then(|| format!("this replica is at revision {has}, and the rows are of {held}"))
    }

    /// Whether an update brings a pair whose place is unknown: only the server knows the order of its ticker, and only a
    /// snapshot shows it.
    pub(super) fn lacks_the_place_of(&self, update: &Update) -> bool {
        let held = |pair: &str| self.rates.iter().any(|rate| rate.pair == pair);
        self.wanted.is_empty() && !update.rates.iter().all(|rate| held(&rate.pair))
    }

    /// Applies an update. Returns false and changes nothing if it does not follow the position held.
    pub(super) fn apply(&mut self, position: Position, update: &Update) -> bool {
        let Update {
            after,
            rates,
            removed_pairs,
            sources,
            commits: _,
        } = update;
        if self.position.is_none() || *after != self.position {
            return false;
        }
        self.rates
            .retain(|rate| !removed_pairs.contains(&rate.pair));
        for rate in rates {
            match self.rates.iter_mut().find(|held| held.pair == rate.pair) {
                Some(held) => held.clone_from(rate),
                None => self.rates.push(rate.clone()),
            }
        }
        if !self.wanted.is_empty() {
            // A new pair takes its place in the filter; the others are sorted already.
            let wanted = &self.wanted;
            self.rates
                .sort_by_cached_key(|rate| (place(wanted, &rate.pair), rate.pair.clone()));
        }
        for state in sources {
            match self.sources.binary_search_by(|held| held.id.cmp(&state.id)) {
                Ok(index) => {
                    if let Some(held) = self.sources.get_mut(index) {
                        held.clone_from(state);
                    }
                }
                Err(index) => self.sources.insert(index, state.clone()),
            }
        }
        self.shown = Some(position.clone());
        self.position = Some(position);
        true
    }

    /// Whether a message without rows has the position held.
    pub(super) fn is_at(&self, message: &WatchRatesResponse) -> bool {
        self.position.is_some() && self.position == message.position
    }
}

/// The index of the first item of the filter that matches a pair.
fn place(wanted: &[String], pair: &str) -> usize {
    let (base, quote) = pair.split_once('/').unwrap_or((pair, ""));
    let meant = |item: &String| match item.split_once('/') {
        Some(("*", "*")) => true,
        Some(("*", wanted)) => wanted == quote,
        Some((wanted, "*")) => wanted == base,
        _ => item == pair,
    };
    wanted.iter().position(meant).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(pair: &str, value: &str) -> Rate {
        Rate {
            pair: pair.to_owned(),
            value: value.to_owned(),
            ..Rate::default()
        }
    }

    fn position(revision: u64) -> Position {
        let epoch = "e".to_owned();
        Position { epoch, revision }
    }

    fn update(after: u64, rates: &[Rate], removed: &[&str]) -> Update {
        Update {
            after: Some(position(after)),
            rates: rates.to_vec(),
            removed_pairs: removed.iter().map(ToString::to_string).collect(),
            ..Update::default()
        }
    }

    fn pairs(rows: &Rows) -> Vec<&str> {
        rows.rates.iter().map(|rate| rate.pair.as_str()).collect()
    }

    #[test]
    fn a_new_pair_takes_its_place_in_the_filter() {
        let mut rows = Rows::new(&[
            "tjs/usd".to_owned(),
            "KZT/*".to_owned(),
            "KGS/USD".to_owned(),
        ]);
        let held = vec![rate("KZT/RUB", "1"), rate("KGS/USD", "2")];
        rows.replace(position(1), held, Vec::new());
        let new = [
            rate("KZT/EUR", "3"),
            rate("TJS/USD", "4"),
            rate("KGS/USD", "5"),
        ];
        assert!(rows.apply(position(2), &update(1, &new, &["KZT/RUB"])));
        assert_eq!(pairs(&rows), ["TJS/USD", "KZT/EUR", "KGS/USD"]);
        assert_eq!(rows.rates[2].value, "5");
        assert_eq!(rows.position, Some(position(2)));
    }

    #[test]
    fn the_order_of_the_servers_ticker_is_kept() {
        let mut rows = Rows::new(&[]);
        let held = vec![rate("KZT/USD", "1"), rate("KGS/USD", "2")];
        rows.replace(position(1), held, Vec::new());
        assert!(rows.apply(position(2), &update(1, &[rate("AAA/USD", "3")], &[])));
        assert_eq!(pairs(&rows), ["KZT/USD", "KGS/USD", "AAA/USD"]);
    }

    #[test]
    fn a_replica_is_behind_the_rows_even_after_their_position_was_forgotten() {
        let mut rows = Rows::new(&[]);
        assert_eq!(rows.leaves_behind(&position(0), false), None);
        rows.replace(position(1), Vec::new(), Vec::new());
        assert!(rows.apply(position(3), &update(1, &[], &[])));
        rows.position = None;
        let behind = rows.leaves_behind(&position(2), false).unwrap();
        assert_eq!(
            behind,
            "this replica is at revision 2, and the rows are of 3"
        );
        assert_eq!(rows.leaves_behind(&position(3), true), None);
        let of_another = Position {
            epoch: "f".to_owned(),
            ..position(2)
        };
        assert_eq!(rows.leaves_behind(&of_another, false), None);
        assert_eq!(rows.leaves_behind(&of_another, true), Some(behind));
    }

    #[test]
    fn an_update_after_another_position_changes_nothing() {
        let mut rows = Rows::new(&[]);
        assert!(!rows.apply(position(2), &update(1, &[rate("KZT/USD", "1")], &[])));
        rows.replace(position(1), Vec::new(), Vec::new());
        assert!(!rows.apply(position(3), &update(2, &[rate("KZT/USD", "1")], &[])));
        assert!(rows.rates.is_empty());
        assert_eq!(rows.position, Some(position(1)));
    }
}
