//! Publishers and their tables by hand, and the snapshots that follow, without a task or a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use silkrate::domain::{
    Currency, DocumentRecord, Fixing, History, Inserted, Pair, Preference, Rate, Revising,
    Snapshot, SourceId, SourceRecord, Table, choose_quotes, parse_decimal,
};

pub(crate) const NBK: SourceId = SourceId::new("nbk");
pub(crate) const NBKR: SourceId = SourceId::new("nbkr");
pub(crate) const CBU: SourceId = SourceId::new("cbu");
pub(crate) const CBT: SourceId = SourceId::new("cbt");
pub(crate) const CBR: SourceId = SourceId::new("cbr");
pub(crate) const MARKET: SourceId = SourceId::new("market");

/// Who publishes in which currency and zone; the market in none, with the dollar as its base.
const PUBLISHERS: [(SourceId, Option<Currency>, &str); 6] = [
    (NBK, Some(Currency::KZT), "Asia/Almaty"),
    (NBKR, Some(Currency::KGS), "Asia/Bishkek"),
    (CBU, Some(Currency::UZS), "Asia/Tashkent"),
    (CBT, Some(Currency::TMT), "Asia/Ashgabat"),
    (CBR, Some(Currency::RUB), "Europe/Moscow"),
    (MARKET, None, "UTC"),
];

/// The sources, the preference and the last snapshot.
pub(crate) struct World {
    pub(crate) sources: BTreeMap<SourceId, Arc<SourceRecord>>,
    pub(crate) snapshot: Snapshot,
    prefer: Vec<Preference>,
    now: Timestamp,
}

impl World {
    /// The sources named, all of them asked once and none with a table, preferred home, cbr, market.
    pub(crate) fn of(sources: &[SourceId]) -> Self {
        let record = |id: &SourceId| {
            let publisher = PUBLISHERS.into_iter().find(|(known, ..)| known == id);
            let (id, home, zone) = publisher.unwrap();
            let revising = if home.is_none() {
                Revising::Replacement
            } else {
                Revising::Correction
            };
            let record = SourceRecord {
                id,
                name: "",
                attribution: "",
                page: "",
                terms: "",
                home,
                zone: TimeZone::get(zone).unwrap(),
                documents: vec![DocumentRecord {
                    name: "daily",
                    stale_after_days: 5,
                    history: History::new(revising),
                }],
                attempted: true,
            };
            (id, Arc::new(record))
        };
        let mut world = Self {
            sources: sources.iter().map(record).collect(),
            snapshot: Snapshot::initial("epoch", BTreeMap::new()),
            prefer: vec![
                Preference::Home,
                Preference::Source(CBR),
                Preference::Source(MARKET),
            ],
            now: Timestamp::UNIX_EPOCH,
        };
        world.commit();
        world
    }

    /// Files a table in the source's only document, and commits.
    pub(crate) fn publish(&mut self, id: SourceId, table: Table) -> Inserted {
        let inserted = self.record(id).documents[0].history.insert(table);
        self.commit();
        inserted
    }

    /// Lets the clock show an instant, and commits.
    pub(crate) fn at(&mut self, now: &str) {
        self.now = now.parse().unwrap();
        self.commit();
    }

    /// Says whether a source's first attempt has ended, and commits.
    pub(crate) fn attempted(&mut self, id: SourceId, attempted: bool) {
        self.record(id).attempted = attempted;
        self.commit();
    }

    pub(crate) fn rate(&self, pair: &str) -> Rate {
        self.snapshot.rate(Pair::parse(pair).unwrap()).unwrap()
    }

    pub(crate) fn has_no(&self, pair: &str) -> bool {
        self.snapshot.rate(Pair::parse(pair).unwrap()).is_none()
    }

    /// The value of a pair as it is printed.
    pub(crate) fn value(&self, pair: &str) -> String {
        self.rate(pair).value.to_string()
    }

    /// The change of a pair: absolute, percent, reference date.
    pub(crate) fn change(&self, pair: &str) -> (String, String, String) {
        let change = self.rate(pair).change.unwrap();
        (
            change.absolute.to_string(),
            change.percent.to_string(),
            change.reference_date.to_string(),
        )
    }

    /// The source and the date behind a pair.
    pub(crate) fn origin(&self, pair: &str) -> (String, Date) {
        let rate = self.rate(pair);
        (rate.source, rate.effective_date.unwrap())
    }

    pub(crate) fn record(&mut self, id: SourceId) -> &mut SourceRecord {
        Arc::make_mut(self.sources.get_mut(&id).unwrap())
    }

    /// Takes a new snapshot if there is anything new, and says whether there was.
    pub(crate) fn commit(&mut self) -> bool {
        let quotes = choose_quotes(&self.sources, &self.prefer, self.now);
        let states = self.sources.values();
        let states = states.map(|record| (record.id, record.state(self.now)));
        match self.snapshot.next(quotes, states.collect()) {
            Some(next) => {
                self.snapshot = next;
                true
            }
            None => false,
        }
    }
}

/// A table of a source's only document: code, units and value of each row.
pub(crate) fn table(source: SourceId, date: Date, rows: &[(&str, u32, &str)]) -> Table {
    let publisher = PUBLISHERS.into_iter().find(|(id, ..)| *id == source);
    let (_, home, _) = publisher.unwrap();
    let pivot = home.unwrap_or(Currency::USD);
    let row = |(code, units, value): &(&str, u32, &str)| {
        let code = Currency::parse(code).unwrap();
        // A market's row reads the other way round: one dollar costs so much of the row's currency.
        let (currency, home_currency) = match home {
            Some(home) => (code, home),
            None => (pivot, code),
        };
        let fixing = Fixing {
            source,
            currency,
            units: *units,
            value: parse_decimal(value).unwrap(),
            home_currency,
            effective_date: date,
            published_change: None,
            superseded_value: None,
        };
        (code, Arc::new(fixing))
    };
    Table {
        document: "daily",
        pivot,
        effective_date: date,
        as_of: None,
        rows: rows.iter().map(row).collect(),
        dropped: Vec::new(),
    }
}
