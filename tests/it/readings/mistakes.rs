//! Mistakes, and how they are refused.

mod of_queries;

pub(super) use self::of_queries::MISTAKES_OF_QUERIES;
use crate::readings::requests::{
    conversion, fixings, history, listed, pairs, periods, rate, snapshot,
};

/// A method with a wrong request, the reason and the field.
pub(super) type Called = (&'static str, fn() -> Vec<u8>, &'static str, &'static str);
/// A path with a wrong query, the status, the reason and the parameter.
pub(super) type Requested = (&'static str, u16, &'static str, &'static str);
/// A wrong command, and what its error says.
pub(super) type Entered = (&'static [&'static str], &'static str);

/// One mistake, in the ways in which it can be made.
pub(super) struct Mistake {
    pub(super) calls: &'static [Called],
    pub(super) paths: &'static [Requested],
    pub(super) commands: &'static [Entered],
}

const PARAMETER: &str = "INVALID_PARAMETER";

/// Every mistake but those of queries.
pub(super) const MISTAKES: &[Mistake] = &[
    // A day that is not in the calendar, or is written in another way.
    Mistake {
        calls: &[
            (
                "GetSnapshot",
                || snapshot("2026-02-30"),
                "INVALID_DATE",
                "date",
            ),
            (
                "GetRate",
                || rate("KZT/USD", "1.4.2026"),
                "INVALID_DATE",
                "date",
            ),
            (
                "ConvertAmount",
                || conversion("1", "USD", "yesterday"),
                "INVALID_DATE",
                "date",
            ),
            (
                "ListRateHistory",
                || history("2026-4-1", "", 0),
                "INVALID_DATE",
                "start_date",
            ),
            (
                "ListPeriodRates",
                || periods("2026-02-30", 0),
                "INVALID_DATE",
                "end_date",
            ),
            (
                "ListFixings",
                || fixings("nbk", "USD", "02.04.2026"),
                "INVALID_DATE",
                "start_date",
            ),
        ],
        paths: &[
            (
                "/v1/snapshot.json?date=2026-02-30",
                400,
                "INVALID_DATE",
                "date",
            ),
            (
                "/v1/snapshot.csv?date=2026-02-30",
                400,
                "INVALID_DATE",
                "date",
            ),
            (
                "/v1/snapshot.ndjson?date=2026-02-30",
                400,
                "INVALID_DATE",
                "date",
            ),
            (
                "/v1/rates/KZT/USD?date=1.4.2026",
                400,
                "INVALID_DATE",
                "date",
            ),
            (
                "/v1/convert?amount=1&from=USD&to=KZT&date=yesterday",
                400,
                "INVALID_DATE",
                "date",
            ),
            ("/v1/history?start=2026-4-1", 400, "INVALID_DATE", "start"),
            (
                "/v1/history.csv?start=2026-4-1",
                400,
                "INVALID_DATE",
                "start",
            ),
            (
                "/v1/history/KZT/USD.ndjson?end=2026-4-1",
                400,
                "INVALID_DATE",
                "end",
            ),
            ("/v1/periods?end=2026-02-30", 400, "INVALID_DATE", "end"),
            (
                "/v1/fixings/nbk/USD?start=02.04.2026",
                400,
                "INVALID_DATE",
                "start",
            ),
            (
                "/v1/fixings/nbk/USD.csv?end=2026-02-30",
                400,
                "INVALID_DATE",
                "end",
            ),
        ],
        commands: &[
            (&["rates", "--date", "2026-02-30"], "--date <DATE>"),
            (
                &["convert", "1", "USD", "KZT", "--date", "yesterday"],
                "--date <DATE>",
            ),
            (
                &["history", "KZT/USD", "--start", "2026-4-1"],
                "--start <DATE>",
            ),
            (
                &["periods", "KZT/USD", "--end", "2026-02-30"],
                "--end <DATE>",
            ),
            (
                &["fixings", "nbk", "USD", "--start", "02.04.2026"],
                "--start <DATE>",
            ),
        ],
    },
    // A range that ends before it begins.
    Mistake {
        calls: &[(
            "ListRateHistory",
            || history("2026-04-02", "2026-04-01", 0),
            "INVALID_DATE",
            "start_date",
        )],
        paths: &[
            (
                "/v1/history?start=2026-04-02&end=2026-04-01",
                400,
                "INVALID_DATE",
                "start",
            ),
            (
                "/v1/periods.csv?start=2026-04-02&end=2026-04-01",
                400,
                "INVALID_DATE",
                "start",
            ),
        ],
        commands: &[(
            &[
                "history",
                "KZT/USD",
                "--start",
                "2026-04-02",
                "--end",
                "2026-04-01",
            ],
            "--start 2026-04-02 is after --end 2026-04-01",
        )],
    },
    // A step and a period that there are not.
    Mistake {
        calls: &[
            (
                "ListRateHistory",
                || history("", "", 99),
                "INVALID_PERIOD",
                "step",
            ),
            (
                "ListPeriodRates",
                || periods("", 99),
                "INVALID_PERIOD",
                "period",
            ),
        ],
        paths: &[
            ("/v1/history?step=decade", 400, PARAMETER, "step"),
            ("/v1/history/KZT/USD.csv?step=DAY", 400, PARAMETER, "step"),
            ("/v1/periods?period=day", 400, PARAMETER, "period"),
            ("/v1/periods.ndjson?period=day", 400, PARAMETER, "period"),
        ],
        commands: &[
            (&["history", "KZT/USD", "--step", "decade"], "--step <STEP>"),
            (
                &["periods", "KZT/USD", "--period", "day"],
                "--period <PERIOD>",
            ),
        ],
    },
    // A filter with a wrong item, and one that is too long.
    Mistake {
        calls: &[
            (
                "GetSnapshot",
                || listed(&["KZT/USD", "KZT-USD"]),
                "INVALID_PAIR",
                "filter.pairs[1]",
            ),
            (
                "ListPairs",
                || pairs(&["*"], None, ""),
                "INVALID_PAIR",
                "filter.pairs[0]",
            ),
            (
                "GetSnapshot",
                || listed(&["KZT/USD"; 257]),
                "TOO_MANY_PAIRS",
                "filter.pairs",
            ),
            ("GetRate", || rate("*/USD", ""), "INVALID_PAIR", "pair"),
            ("ListRateHistory", Vec::new, "INVALID_PAIR", "pair"),
        ],
        paths: &[
            (
                "/v1/snapshot.json?pairs=KZT/USD,KZT-USD",
                400,
                "INVALID_PAIR",
                "pairs[1]",
            ),
            (
                "/v1/snapshot.csv?pairs=KZT-USD",
                400,
                "INVALID_PAIR",
                "pairs[0]",
            ),
            ("/v1/watch?pairs=KZT", 400, "INVALID_PAIR", "pairs[0]"),
            ("/v1/pairs?pairs=*", 400, "INVALID_PAIR", "pairs[0]"),
            (
                "/v1/pairs.csv?pairs=KZT/USD,*",
                400,
                "INVALID_PAIR",
                "pairs[1]",
            ),
            (
                "/v1/history.csv?pairs=USDKZT&layout=wide",
                400,
                "INVALID_PAIR",
                "pairs[0]",
            ),
            ("/v1/rates/*/USD", 400, "INVALID_PAIR", "pair"),
            ("/v1/history/KZT/USD?pairs=*/USD", 400, PARAMETER, "pairs"),
        ],
        commands: &[
            (
                &["rates", "KZT/USD", "KZT-USD"],
                "filter.pairs[1]: `KZT-USD` is not a pair",
            ),
            (&["pairs", "KZT-USD"], "`KZT-USD` is not a pair"),
            (&["periods", "KZT/USD", "*"], "`*` is not a pair"),
        ],
    },
    // A page that there is not.
    Mistake {
        calls: &[
            (
                "ListPairs",
                || pairs(&[], Some(-1), ""),
                "INVALID_PAGE",
                "page_size",
            ),
            (
                "ListPairs",
                || pairs(&[], None, "x"),
                "INVALID_PAGE",
                "page_token",
            ),
        ],
        paths: &[
            ("/v1/pairs?page_size=0", 400, PARAMETER, "page_size"),
            ("/v1/pairs?page_token=x", 400, "INVALID_PAGE", "page_token"),
            ("/v1/history?page_size=many", 400, PARAMETER, "page_size"),
            (
                "/v1/fixings/nbk/USD?page_token=x",
                400,
                "INVALID_PAGE",
                "page_token",
            ),
        ],
        commands: &[(&["history", "KZT/USD", "--limit", "0"], "--limit <N>")],
    },
    // A source, a currency and an amount that are none.
    Mistake {
        calls: &[
            (
                "ListFixings",
                || fixings("ecb", "USD", ""),
                "INVALID_SOURCE",
                "source",
            ),
            (
                "ListFixings",
                || fixings("nbk", "dollar", ""),
                "INVALID_CURRENCY",
                "currency",
            ),
            (
                "ConvertAmount",
                || conversion("1,5", "USD", ""),
                "INVALID_AMOUNT",
                "amount",
            ),
            (
                "ConvertAmount",
                || conversion("1", "$", ""),
                "INVALID_CURRENCY",
                "from_currency",
            ),
        ],
        paths: &[
            ("/v1/fixings/ecb/USD", 404, "INVALID_SOURCE", "source"),
            ("/v1/fixings/ecb/USD.csv", 404, "INVALID_SOURCE", "source"),
            (
                "/v1/fixings/nbk/dollar",
                400,
                "INVALID_CURRENCY",
                "currency",
            ),
            (
                "/v1/fixings/nbk/dollar.ndjson",
                400,
                "INVALID_CURRENCY",
                "currency",
            ),
            (
                "/v1/convert?amount=1,5&from=USD&to=KZT",
                400,
                "INVALID_AMOUNT",
                "amount",
            ),
            (
                "/v1/convert?amount=1&from=$&to=KZT",
                400,
                "INVALID_CURRENCY",
                "from",
            ),
        ],
        commands: &[
            (
                &["fixings", "ecb", "USD"],
                "source: there is no source `ecb`",
            ),
            (&["fixings", "nbk", "dollar"], "<CURRENCY>"),
            (&["convert", "1,5", "USD", "KZT"], "<AMOUNT>"),
            (&["convert", "1", "$", "KZT"], "<FROM>"),
        ],
    },
];
