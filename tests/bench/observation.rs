//! What it costs to observe a request while neither the access log nor a trace wants it, and to take it from a quota.

use std::hint::black_box;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::time::Instant;

use axum::body::Body;
use futures_util::FutureExt;
use http::{Request, Response};
use silkrate::callers::{Caller, Quotas};
use silkrate::config::Log;
use silkrate::logging;
use silkrate::requests::Observation;

use crate::report::{decimal, median};

/// The requests of a round: those of a second of a busy core.
const REQUESTS: u32 = 1_000_000;
/// More than a round asks for: none is refused.
const QUOTA: u32 = 1_000_000_000;
/// The rounds, of which the median is printed.
const ROUNDS: usize = 7;

/// Prints the time of a request that is not observed, with the log as it is by default, beside one without the code.
pub(crate) fn print(out: &mut dyn Write) -> io::Result<()> {
    logging::init(Log::default(), None);
    let caller = Caller::direct(([127, 0, 0, 1], 50_051).into());
    let request = Request::post("http://rates/silkrate.v1.RateService/GetRate")
        .header("content-type", "application/grpc")
        .body(())
        .map_err(io::Error::other)?;
    let answer = || async { Response::new(Body::empty()) };
    let bare = timed(|| {
        black_box(answer().now_or_never());
    });
    let with_it = timed(|| {
        let observation = Observation::begin(caller, black_box(&request));
        let begun = Observation::instrument(observation.as_deref(), answer);
        black_box(Observation::answer(observation, begun).now_or_never());
    });
    writeln!(
        out,
        "a request that is not observed: {} ns, of which {} ns are without the code that would observe it",
        decimal(with_it),
        decimal(bare),
    )?;
    for (name, quota) in [("no quota", None), ("a quota", NonZeroU32::new(QUOTA))] {
        let quotas = Quotas::new(quota);
        let charged = timed(|| {
            black_box(quotas.charge(&black_box(caller).network().into(), 1)).ok();
        });
        writeln!(out, "a request with {name}: {} ns", decimal(charged))?;
    }
    Ok(())
}

/// The median time of a request, in thousandths of a nanosecond.
fn timed(mut request: impl FnMut()) -> u64 {
    let mut taken = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            request();
        }
        let thousandths = begun.elapsed().as_nanos() * 1000 / u128::from(REQUESTS);
        taken.push(u64::try_from(thousandths).unwrap_or(u64::MAX));
    }
    median(&taken)
}
