//! Queries that cannot be read, and ways to write that there are not.

use crate::readings::mistakes::{Mistake, PARAMETER};

/// Every mistake of a query.
pub(in crate::readings) const MISTAKES_OF_QUERIES: &[Mistake] = &[
    // A parameter that there is not, or that is repeated.
    Mistake {
        calls: &[],
        paths: &[
            ("/v1/snapshot?pair=KZT/USD", 400, PARAMETER, "pair"),
            (
                "/v1/snapshot.json?dialect=excel-ru",
                400,
                PARAMETER,
                "dialect",
            ),
            ("/v1/snapshot.csv?layout=wide", 400, PARAMETER, "layout"),
            ("/v1/history?layout=wide", 400, PARAMETER, "layout"),
            ("/v1/history.csv?page_size=10", 400, PARAMETER, "page_size"),
            ("/v1/sources?pairs=*/USD", 400, PARAMETER, "pairs"),
            ("/v1/watch?pairs=*/USD&pairs=*/KZT", 400, PARAMETER, "pairs"),
            ("/v1/periods?start=&%73tart=", 400, PARAMETER, "start"),
            ("/ticker.html?colour=red", 400, PARAMETER, "colour"),
        ],
        commands: &[
            (
                &["rates", "--pairs", "KZT/USD"],
                "unexpected argument '--pairs'",
            ),
            (
                &["history", "KZT/USD", "--step", "day", "--step", "week"],
                "--step <STEP>",
            ),
        ],
    },
    // A way to write that there is not.
    Mistake {
        calls: &[],
        paths: &[
            ("/v1/snapshot.csv?dialect=excel", 400, PARAMETER, "dialect"),
            ("/v1/pairs.csv?dialect=tsv", 400, PARAMETER, "dialect"),
            (
                "/v1/currencies.csv?dialect=RFC4180",
                400,
                PARAMETER,
                "dialect",
            ),
            (
                "/v1/currencies.ndjson?dialect=rfc4180",
                400,
                PARAMETER,
                "dialect",
            ),
            ("/v1/history.csv?layout=tall", 400, PARAMETER, "layout"),
            ("/v1/history.ndjson?layout=wide", 400, PARAMETER, "layout"),
            ("/v1/watch?format=xml", 400, PARAMETER, "format"),
        ],
        commands: &[
            (&["pairs", "--format", "xml"], "--format <FORMAT>"),
            (
                &["pairs", "--csv", "--dialect", "tsv"],
                "--dialect <DIALECT>",
            ),
            (&["currencies", "--locale", "fr"], "--locale <LOCALE>"),
            (&["watch", "--format", "csv"], "--format <FORMAT>"),
        ],
    },
];
