//! The published figures behind the replays: December 2025 here, the tables of spring 2026 in the child modules.

pub(super) mod cbr;
pub(super) mod cbu;
pub(super) mod nbk;

use jiff::Timestamp;
use jiff::civil::{Date, date};

/// 2025-12-01T00:00:00Z, in seconds of the Unix clock.
const DECEMBER: i64 = 1_764_547_200;

/// One answer of a market vendor: the price of one US dollar, as printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capture {
    /// The instant that the answer prints.
    pub(super) at: Timestamp,
    pub(super) kgs: &'static str,
    pub(super) kzt: &'static str,
    pub(super) tjs: &'static str,
    pub(super) uzs: &'static str,
    pub(super) tmt: &'static str,
}

/// An instant of December 2025.
const fn on(day: i64, hour: i64, minute: i64, second: i64) -> Timestamp {
    Timestamp::constant(
        DECEMBER + (((day - 1) * 24 + hour) * 60 + minute) * 60 + second,
        0,
    )
}

/// A capture, its figures in the order KGS, KZT, TJS, UZS, TMT.
const fn capture(at: Timestamp, figures: [&'static str; 5]) -> Capture {
    let [kgs, kzt, tjs, uzs, tmt] = figures;
    Capture {
        at,
        kgs,
        kzt,
        tjs,
        uzs,
        tmt,
    }
}

/// The answers of the vendor apilayer (Exchange Rates Data) for the base USD, three a day. TMT alternates between 3.5 and
/// 3.51, as it did.
#[rustfmt::skip]
pub(super) const MARKET: &[Capture] = &[
    capture(on(4, 16, 9, 8), ["87.450162", "505.54899", "9.191971", "11914.915481", "3.5"]),
    capture(on(5, 0, 34, 8), ["87.449659", "505.54899", "9.191971", "11935.000352", "3.5"]),
    capture(on(5, 8, 10, 7), ["87.450082", "506.587952", "9.210862", "11939.350775", "3.5"]),
    capture(on(5, 16, 9, 7), ["87.450167", "505.531856", "9.171638", "11958.989413", "3.5"]),
    capture(on(6, 0, 31, 9), ["87.450384", "505.531856", "9.171638", "12005.000334", "3.51"]),
    capture(on(6, 8, 9, 7), ["87.450384", "505.714163", "9.174945", "11963.250762", "3.51"]),
    capture(on(6, 16, 7, 7), ["87.450384", "505.714163", "9.174945", "11963.250762", "3.51"]),
    capture(on(7, 0, 37, 3), ["87.450384", "505.714163", "9.174945", "11963.250762", "3.51"]),
    capture(on(7, 8, 9, 4), ["87.450384", "505.714163", "9.174945", "11963.250762", "3.51"]),
    capture(on(7, 16, 7, 6), ["87.450384", "505.714163", "9.174945", "11963.250762", "3.51"]),
    capture(on(8, 0, 34, 7), ["87.449957", "505.638186", "9.173567", "11961.453437", "3.51"]),
    capture(on(8, 8, 12, 8), ["87.450239", "505.488469", "9.171008", "11958.01435", "3.51"]),
    capture(on(8, 16, 9, 4), ["87.449424", "511.015258", "9.17539", "11990.815254", "3.51"]),
    capture(on(9, 0, 33, 7), ["87.449832", "511.015258", "9.17539", "11990.815254", "3.51"]),
    capture(on(9, 8, 11, 5), ["87.449823", "511.142498", "9.177596", "11993.800899", "3.5"]),
    capture(on(9, 16, 9, 8), ["87.449396", "516.067208", "9.221434", "12011.31002", "3.5"]),
    capture(on(10, 0, 34, 7), ["87.450178", "516.067208", "9.221434", "12009.999749", "3.51"]),
    capture(on(10, 8, 10, 7), ["87.450216", "516.384526", "9.227144", "12018.953759", "3.51"]),
    capture(on(10, 16, 10, 4), ["87.449769", "518.443715", "9.249915", "12003.076831", "3.51"]),
    capture(on(11, 0, 34, 4), ["87.450541", "515.801625", "9.202736", "11941.855494", "3.51"]),
    capture(on(11, 8, 11, 7), ["87.449855", "515.336742", "9.19456", "11931.092516", "3.51"]),
    capture(on(11, 16, 10, 8), ["87.450368", "520.578696", "9.217822", "12017.856076", "3.51"]),
    capture(on(12, 0, 34, 8), ["87.449764", "520.578696", "9.217822", "12049.999684", "3.5"]),
    capture(on(12, 16, 8, 4), ["87.45037", "521.66941", "9.192334", "12050.597497", "3.5"]),
    capture(on(13, 0, 32, 8), ["87.450384", "521.66941", "9.192334", "12002.503617", "3.51"]),
    capture(on(13, 8, 9, 4), ["87.450384", "520.710059", "9.175429", "12028.436422", "3.51"]),
    capture(on(13, 16, 8, 4), ["87.450384", "520.710059", "9.175429", "12028.436422", "3.51"]),
];

/// The price of one KZT in KGS by effective date: the daily fixings of the National Bank of the Kyrgyz Republic. The bank
/// dates a file for every day; on weekends it repeats the figure.
pub(super) const NBKR_KZT: &[(Date, &str)] = &[
    (date(2025, 12, 5), "0,1751"),
    (date(2025, 12, 6), "0,1733"),
    (date(2025, 12, 7), "0,1733"),
    (date(2025, 12, 8), "0,1733"),
    (date(2025, 12, 9), "0,1723"),
    (date(2025, 12, 10), "0,1700"),
    (date(2025, 12, 11), "0,1687"),
    (date(2025, 12, 12), "0,1682"),
    (date(2025, 12, 13), "0,1674"),
    (date(2025, 12, 14), "0,1674"),
];

/// The price of one USD in KGS on every one of those days, from the same bank.
pub(super) const NBKR_USD: &str = "87,4500";
