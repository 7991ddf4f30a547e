//! Since when there are rows of a currency, and rates of a pair. The ledger has an index of the rows, so that a few are read
//! for each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::domain::{
    Currency, DocumentKey, Pair, QuoteKey, Refusal, SourceId, candidates, oldest_in_force,
};
use crate::ledger::{LedgerState, StorageError};
use crate::queries::history_reader::HistoryReader;
use crate::queries::history_reader::tables::document_key;

/// The documents that price each leg, of all sources that may answer it.
type Documents = BTreeMap<QuoteKey, Vec<DocumentKey>>;

impl HistoryReader {
    /// The first date with a row of each currency of each source.
    pub(in crate::queries) async fn first_rows(
        &self,
    ) -> Result<BTreeMap<(SourceId, Currency), Date>, Refusal> {
        let published = self.board.published();
        self.read(move |ledger| {
            let mut starts = BTreeMap::new();
            let documents = published.records().values().flat_map(|record| {
                let documents = record.documents.iter();
                documents.map(|document| document_key(record.id, document))
            });
            for key in documents {
                for (currency, date) in ledger.dates_of_oldest_rows(key)? {
                    let start = starts.entry((key.source, currency)).or_insert(date);
                    *start = date.min(*start);
                }
            }
            Ok(starts)
        })
        .await
    }

    /// The first day on which each pair had a rate, which is the oldest one of its history.
    pub(in crate::queries) async fn start_dates(
        &self,
        pairs: Vec<Pair>,
    ) -> Result<BTreeMap<Pair, Date>, Refusal> {
        let documents = self.documents(&pairs);
        self.read(move |ledger| {
            let mut calendar = Calendar::of(ledger, documents)?;
            let mut starts = BTreeMap::new();
            for pair in pairs {
                if let Some(date) = calendar.start_of(&pair.legs())? {
                    starts.insert(pair, date);
                }
            }
            Ok(starts)
        })
        .await
    }

    /// The documents that have both currencies of a leg, for each leg of some pairs. The newest row of every currency is in
    /// memory.
    fn documents(&self, pairs: &[Pair]) -> Documents {
        let (published, preferences) = (self.board.published(), self.preferences.current());
        let mut known: BTreeMap<DocumentKey, BTreeSet<Currency>> = BTreeMap::new();
        for record in published.records().values() {
            for document in &record.documents {
                let currencies = document.history.currencies().collect();
                known.insert(document_key(record.id, document), currencies);
            }
        }
        let keys: BTreeSet<QuoteKey> = pairs.iter().flat_map(|pair| pair.legs()).collect();
        let of_leg = |(home, other): QuoteKey| {
            let sources = candidates(published.records(), &preferences, home);
            let documents = sources.into_iter().flat_map(|record| {
                let documents = record.documents.iter();
                documents.map(|document| document_key(record.id, document))
            });
            let has = |key: &DocumentKey| {
                let currencies = known.get(key);
                currencies.is_some_and(|known| known.contains(&home) && known.contains(&other))
            };
            ((home, other), documents.filter(has).collect())
        };
        keys.into_iter().map(of_leg).collect()
    }
}

/// The days on which legs have a table in force.
struct Calendar<'a> {
    ledger: LedgerState<'a>,
    documents: Documents,
    /// The oldest row of each currency of each document. A pivot has none.
    oldest: BTreeMap<DocumentKey, BTreeMap<Currency, Date>>,
    /// The first days that are known.
    starts: BTreeMap<QuoteKey, Option<Date>>,
}

impl<'a> Calendar<'a> {
    fn of(ledger: LedgerState<'a>, documents: Documents) -> Result<Self, StorageError> {
        let mut oldest = BTreeMap::new();
        for key in documents.values().flatten() {
            if !oldest.contains_key(key) {
                oldest.insert(*key, ledger.dates_of_oldest_rows(*key)?);
            }
        }
        Ok(Self {
            ledger,
            documents,
            oldest,
            starts: BTreeMap::new(),
        })
    }

    /// The first day on which every leg has a table in force.
    fn start_of(&mut self, legs: &[QuoteKey]) -> Result<Option<Date>, StorageError> {
        let mut day = Date::MIN;
        for leg in legs {
            let Some(start) = self.start_of_leg(*leg)? else {
                return Ok(None);
            };
            day = day.max(start);
        }
        if legs.len() < 2 {
            return Ok(Some(day));
        }
        // A leg may have nothing in force where another one begins.
        loop {
            let before = day;
            for leg in legs {
                let Some(next) = self.next_in_force(*leg, day)? else {
                    return Ok(None);
                };
                day = next;
            }
            if day == before {
                return Ok(Some(day));
            }
        }
    }

    fn start_of_leg(&mut self, leg: QuoteKey) -> Result<Option<Date>, StorageError> {
        if let Some(start) = self.starts.get(&leg) {
            return Ok(*start);
        }
        let start = self.next_in_force(leg, Date::MIN)?;
        self.starts.insert(leg, start);
        Ok(start)
    }

    /// The first day from a day on that has a table in force.
    fn next_in_force(&self, leg: QuoteKey, day: Date) -> Result<Option<Date>, StorageError> {
        let mut next: Option<Date> = None;
        for document in self.documents.get(&leg).into_iter().flatten() {
            // No table prices the leg before the oldest rows: those tables are not read.
            let oldest = self.oldest.get(document);
            let row = |currency: Currency| oldest.and_then(|oldest| oldest.get(&currency));
            let rows = [row(leg.0), row(leg.1)].into_iter().flatten();
            let from = rows.copied().fold(oldest_in_force(day), Date::max);
            let date = self.ledger.first_priced_date(*document, leg, from)?;
            next = [next, date.map(|date| date.max(day))]
                .into_iter()
                .flatten()
                .min();
        }
        Ok(next)
    }
}
