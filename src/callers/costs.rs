//! What a request costs of a quota. A unit is an answer from memory: some fifteen microseconds of a core.

/// Every request but a probe, whatever its answer: also one that is refused has to be read. It is taken before the request is read,
/// and is a part of what the request costs then.
pub const REQUEST: u32 = 1;
/// A stream: it is opened, gets a whole snapshot, and takes memory as long as it lasts. A client that reconnects all the time
/// costs more than one that stays. A watch of the health is one, too.
pub const STREAM: u32 = 10;
/// A chart: it is drawn for each size, from rates that equal charts share.
pub const CHART: u32 = 10;
/// A question about the past, beside its rows: it waits for a thread, and the ledger looks up which tables answer it, which takes
/// half a millisecond to two.
pub const PAST: u32 = 50;
/// How many rows of the past cost a unit: they are read from the ledger and priced, some eight microseconds each.
const ROWS_OF_A_UNIT: u32 = 2;
/// A whole list, which is no page: as CSV or as lines. It is a year of five pairs.
pub const WHOLE_LIST: u32 = 1000;

/// The call of a probe, which is no client.
const PROBE: &str = "/grpc.health.v1.Health/Check";
/// The methods that open a stream.
const STREAMS: [&str; 2] = [
    "/silkrate.v1.RateService/WatchRates",
    "/grpc.health.v1.Health/Watch",
];

/// What a call of gRPC costs before its message is read, by the path of its method. A question about the past then takes the rest of
/// what it costs itself, by the rows that its message asks for.
pub fn call(path: &str) -> u32 {
    if path == PROBE {
        0
    } else if STREAMS.contains(&path) {
        STREAM
    } else {
        REQUEST
    }
}

/// A page of the past with as many rows at most.
pub fn page(rows: usize) -> u32 {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    PAST.saturating_add(rows.div_ceil(ROWS_OF_A_UNIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_page_costs_more_than_a_short_one_and_a_whole_list_more_than_a_page() {
        assert_eq!([0, 1, 100, 1000].map(page), [50, 51, 100, 550]);
        assert!(page(1000) < WHOLE_LIST);
        assert!(page(0) > REQUEST);
    }

    #[test]
    fn a_call_costs_by_its_method_and_a_probe_nothing() {
        for (path, expected) in [
            ("/silkrate.v1.RateService/GetRate", 1),
            ("/silkrate.v1.RateService/WatchRates", 10),
            ("/silkrate.v1.RateService/ListRateHistory", 1),
            ("/silkrate.v1.RateService/ListSources", 1),
            ("/grpc.health.v1.Health/Check", 0),
            ("/grpc.health.v1.Health/Watch", 10),
            ("/grpc.health.v1.Health/Nope", 1),
            ("/grpc.health.v1.Health/Check/", 1),
            ("/no.Service/Method", 1),
            ("/no.Service/ListFixings", 1),
            ("/no.Service/WatchRates", 1),
            ("", 1),
        ] {
            assert_eq!(call(path), expected, "{path}");
        }
    }
}
