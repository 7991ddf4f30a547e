//! What can be replayed, and on which clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::config::{
    self, CertificateAuthorities, Config, Http, Log, Proxy, Server, SourceSettings, Store, Ticker,
    Web,
};
use crate::demo::documents;
use crate::demo::figures::{cbr as cbr_figures, cbu as cbu_figures, nbk as nbk_figures};
use crate::domain::{Fixing, Preference, RateFilter, SourceId, Table};
use crate::sources::{Document, Source, cbr, cbu, market, nbk, nbkr};

/// How often every source is polled, in real time: each table is seen soon after it appears.
const POLL_EVERY: Duration = Duration::from_millis(300);
/// How many times slower a replay is that is shown once: a day of April takes a minute, in which a reader stops a replica or two.
const SHARED_SLOWER: u32 = 6;
/// The requests to a source on a day of the replay, which passes in seconds: more than can be sent.
const REQUESTS_PER_DAY: u32 = 100_000;
/// The pairs of the demo: those a news site shows.
const PAIRS: &[&str] = &["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"];
/// A request on loopback takes less.
const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A document of a source. Not every table is recorded, so a missing one is no failure here.
const fn with_gaps(document: &Document) -> Document {
    Document {
        missing_is_normal: true,
        ..*document
    }
}

const CBR_DOCUMENTS: &[Document] = match cbr::SOURCE.documents {
    [daily, ..] => &[with_gaps(daily)],
    [] => &[],
};
const CBU_DOCUMENTS: &[Document] = match cbu::SOURCE.documents {
    [daily, ..] => &[with_gaps(daily)],
    [] => &[],
};
const NBK_DOCUMENTS: &[Document] = match nbk::SOURCE.documents {
    [daily, ..] => &[with_gaps(daily)],
    [] => &[],
};

/// A stretch of recorded days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Season {
    /// 31 March to 3 April 2026: the banks of Kazakhstan and Uzbekistan.
    #[default]
    April,
    /// 4 to 13 December 2025: the ticker of a news site.
    December,
}

impl Season {
    /// The text that introduces the replay to its reader.
    pub fn notice(self) -> &'static str {
        match self {
            Self::April => {
                "This is a replay, not today's rates: figures of 31 March to 3 April 2026, a day every ten \
seconds, again and again. KZT is from the National Bank of Kazakhstan and UZS from the Central Bank of Uzbekistan. \
KGS, TJS and TMT are from the Bank of Russia, whose last recorded table is of 19 March, so they are STALE: marked with *. \
All is served from this machine; no network is used."
            }
            Self::December => {
                "This is a replay, not today's rates: figures of 4 to 13 December 2025, a day every four \
seconds, again and again. KGS is from the National Bank of the Kyrgyz Republic. KZT, TJS, UZS and TMT are the market \
table of the vendor apilayer. The Bank of Russia's table of 13 December is there for its pairs in roubles. \
All is served from this machine; no network is used."
            }
        }
    }

    /// What the clock shows first: in December the first market table is a minute old, in April 31 March has begun in
    /// Almaty and Tashkent.
    pub const fn start(self) -> Timestamp {
        match self {
            Self::April => Timestamp::constant(1_774_899_000, 0),
            Self::December => Timestamp::constant(1_764_864_600, 0),
        }
    }

    /// Where the clock stops: before a table would appear that is not recorded.
    pub const fn end(self) -> Timestamp {
        match self {
            Self::April => Timestamp::constant(1_775_210_400, 0),
            Self::December => Timestamp::constant(1_765_648_800, 0),
        }
    }

    /// How many times as fast as real time the clock runs.
    pub const fn speed(self) -> u32 {
        match self {
            Self::April => 8_640,
            Self::December => 21_600,
        }
    }

    /// The clock of the replay.
    pub fn clock(self) -> Clock {
        Clock::replay_until(self.start(), self.speed(), self.end())
    }

    /// The clock of a replay whose replicas share a log: slower, because it is shown once. The time of a log does not run
    /// backwards.
    pub fn shared_clock(self) -> Clock {
        let speed = self.speed().div_euclid(SHARED_SLOWER);
        Clock::replay_until(self.start(), speed, self.end())
    }

    /// The configuration of the replay, with every source polled at `base_url` and nothing kept. It goes with
    /// [`Season::clock`].
    pub fn config(self, base_url: &str, server: Server, web: Web) -> Config {
        // A real service prefers the Bank of Russia to the market. In December its one table would hide the days before.
        let preferred = ["market", "cbr"];
        let preferred = preferred.map(|id| Preference::Source(SourceId::new(id)));
        Config {
            server,
            web,
            access: config::Access::default(),
            ticker: Ticker {
                pairs: RateFilter::parse(PAIRS).expect("the pairs of the demo are pairs"),
                prefer: [Preference::Home].into_iter().chain(preferred).collect(),
            },
            store: Store::Memory,
            store_required: true,
            clock: Some(config::Clock {
                start: self.start(),
                speed: self.speed(),
            }),
            shared: None,
            http: Http {
                connect_timeout: LOOPBACK_TIMEOUT,
                read_timeout: LOOPBACK_TIMEOUT,
                total_timeout: LOOPBACK_TIMEOUT,
                proxy: Proxy::Direct,
                ca: CertificateAuthorities::Bundled,
                private_addresses: false,
                extra_ca: Vec::new(),
            },
            sources: self.sources(base_url),
            webhooks: Vec::new(),
            log: Log::default(),
            trace: None,
            demo: true,
            file: None,
            variables: Vec::new(),
            ignored_variables: Vec::new(),
        }
    }

    fn sources(self, base_url: &str) -> Vec<SourceSettings> {
        let source = |source: &'static Source, documents| SourceSettings {
            source,
            documents,
            base_url: base_url.to_owned(),
            interval: POLL_EVERY.saturating_mul(self.speed()),
            requests_per_day: REQUESTS_PER_DAY,
            api_key: None,
            proxy: None,
            extra_ca: Vec::new(),
        };
        let cbr = source(&cbr::SOURCE, CBR_DOCUMENTS);
        match self {
            Self::April => vec![
                cbr,
                source(&cbu::SOURCE, CBU_DOCUMENTS),
                source(&nbk::SOURCE, NBK_DOCUMENTS),
            ],
            Self::December => {
                // Of the Kyrgyz bank's two files there are figures for the daily one alone.
                let daily = nbkr::SOURCE.documents.get(..1).unwrap_or_default();
                let latest = market::APILAYER.documents;
                let market = source(&market::APILAYER, latest);
                vec![cbr, market, source(&nbkr::SOURCE, daily)]
            }
        }
    }

    /// The tables that are known when the replay begins, oldest first.
    pub fn earlier_tables(self) -> Vec<(SourceId, Table)> {
        let mut tables = Vec::new();
        if self == Self::December {
            return tables;
        }
        for (date, values) in cbr_figures::TABLES {
            let document = documents::cbr_table(*date, values).unwrap_or_default();
            tables.extend(parsed(&cbr::SOURCE, &document));
        }
        // Of 31 March nothing is recorded but the changes since, which the banks printed on 1 April.
        if let [(date, rows), ..] = nbk_figures::TABLES {
            let document = documents::nbk_table(*date, rows).unwrap_or_default();
            let first = parsed(&nbk::SOURCE, document.as_bytes());
            tables.extend(first.and_then(|(source, table)| Some((source, day_before(table)?))));
        }
        if let [(date, rows), ..] = cbu_figures::TABLES {
            let document = documents::cbu_table(*date, rows);
            let first = parsed(&cbu::SOURCE, document.as_bytes());
            tables.extend(first.and_then(|(source, table)| Some((source, day_before(table)?))));
        }
        tables
    }
}

/// The table of the day before, as the printed changes of a table tell it.
fn day_before(table: Table) -> Option<Table> {
    let effective_date = table.effective_date.yesterday().ok()?;
    let before = |fixing: &Fixing| {
        Some(Fixing {
            value: fixing.value.checked_sub(fixing.published_change?)?,
            effective_date,
            published_change: None,
            ..fixing.clone()
        })
    };
    let rows = table.rows.iter();
    let rows = rows.map(|(currency, fixing)| Some((*currency, Arc::new(before(fixing)?))));
    Some(Table {
        effective_date,
        rows: rows.collect::<Option<_>>()?,
        ..table
    })
}

/// A document of a source as a table.
fn parsed(source: &Source, document: &[u8]) -> Option<(SourceId, Table)> {
    let parse = source.documents.first()?.parse;
    let table = parse(document);
    debug_assert!(table.is_ok(), "{}: {table:?}", source.id);
    Some((source.id, table.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::figures::MARKET;

    #[test]
    fn each_replay_begins_and_ends_where_its_figures_do() {
        let [april, december] = [Season::April, Season::December];
        assert_eq!(april.start().to_string(), "2026-03-30T19:30:00Z");
        assert_eq!(april.end().to_string(), "2026-04-03T10:00:00Z");
        assert_eq!(december.start().to_string(), "2025-12-04T16:10:00Z");
        assert_eq!(december.end().to_string(), "2025-12-13T18:00:00Z");
        let [first, .., last] = MARKET else {
            panic!("there are market tables")
        };
        assert!(first.at < december.start() && last.at < december.end());
    }

    #[test]
    fn april_begins_with_every_earlier_table_and_with_none_from_the_future() {
        let tables = Season::April.earlier_tables();
        assert_eq!(tables.len(), cbr_figures::TABLES.len() + 2);
        assert!(
            tables
                .iter()
                .all(|(_, table)| table.effective_date.to_string().as_str() <= "2026-03-31")
        );
        assert!(Season::December.earlier_tables().is_empty());
    }
}
