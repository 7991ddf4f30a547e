//! The first two rows: which server, in which state, and how old the picture is.

use jiff::Timestamp;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::cli::table::GAP;
use crate::cli::top::known::Known;
use crate::cli::top::section::Moment;
use crate::cli::top::text::{Row, Span, Style};
use crate::cli::top::units::{long, short, when};

/// The subject of the condition of readiness that fails while the service drains.
const DRAINS: &str = "serving: ";

/// How the readings go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readings {
    /// The picture is of one reading.
    Once,
    /// The last one ended well, or the next one is under way and not late.
    Live,
    /// The present one is late.
    Late,
    Paused,
}

/// The rows.
pub(super) fn header(
    (known, url): (&Known, &str),
    moment: &Moment,
    readings: Readings,
) -> [Row; 2] {
    let version = known.figures.as_ref().map(|figures| {
        let versions = figures.page.values_of("silkrate_build_info", "version");
        versions.first().copied().unwrap_or_default().to_owned()
    });
    let name = match version {
        Some(version) => format!("silkrate {version}"),
        None => "silkrate".to_owned(),
    };
    let mut first = Row::from([Span::new(Style::Strong, name)]);
    let mut push = |span| {
        first.push(Span::plain(GAP));
        first.push(span);
    };
    push(state(known));
    let position = known.served.as_ref();
    if let Some(position) = position.and_then(|served| served.position.as_ref()) {
        push(Span::plain(format!("revision {}", position.revision)));
    }
    if let Some(uptime) = known.uptime() {
        push(Span::plain(format!("up {}", long(uptime))));
    }
    push(Span::plain(url));
    if let Some(text) = detached(known, moment) {
        push(Span::new(Style::Warning, text));
    }
    if let Some(reason) = unready(known) {
        push(Span::new(Style::Bad, reason));
    }
    let clock = moment.clock.to_zoned_datetime(moment.zone.clone());
    let clock = clock.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string();
    let second = Row::from([
        Span::plain(clock),
        Span::plain(GAP),
        age(known, moment, readings),
    ]);
    [first, second]
}

/// Since when this replica is cut off from the others, if it is.
fn detached(known: &Known, moment: &Moment) -> Option<String> {
    let replica = known.served.as_ref()?.replica.as_ref()?;
    let since = replica.since_time.as_ref()?;
    let since = Timestamp::new(since.seconds, since.nanos).ok()?;
    let at = when(since, moment.now, &moment.zone);
    replica
        .detached
        .then(|| format!("cut off from the other replicas since {at}"))
}

/// The first condition that does not hold, if the server is not ready.
fn unready(known: &Known) -> Option<&str> {
    let figures = known.figures.as_ref().filter(|figures| !figures.is_ready)?;
    let is_current = known.silence.is_none();
    figures
        .failed
        .first()
        .map(String::as_str)
        .filter(|_| is_current)
}

/// Whether the server is ready.
fn state(known: &Known) -> Span {
    if let (Some(figures), None) = (&known.figures, &known.silence) {
        return match unready(known) {
            _ if figures.is_ready => Span::new(Style::Good, "ready"),
            Some(reason) if reason.starts_with(DRAINS) => Span::new(Style::Warning, "draining"),
            Some(_) | None => Span::new(Style::Bad, "not ready"),
        };
    }
    match known.served.as_ref().and_then(|served| served.health) {
        _ if known.failure.is_some() => Span::new(Style::Bad, "away"),
        Some(ServingStatus::Serving) => Span::new(Style::Good, "serving"),
        Some(ServingStatus::NotServing) => Span::new(Style::Warning, "draining"),
        Some(_) | None => Span::new(Style::Dim, "state unknown"),
    }
}

/// Since when there is no answer, and why; or that there is one.
fn age(known: &Known, moment: &Moment, readings: Readings) -> Span {
    let since = |since: Timestamp| {
        let at = when(since, moment.now, &moment.zone);
        let age = moment.now.duration_since(since).as_secs();
        format!("no answer since {at} ({})", short(age.max(0)))
    };
    match (&known.failure, readings) {
        (Some(reason), Readings::Live | Readings::Late | Readings::Once) => {
            let text = format!("{}: {reason}", since(known.served_at));
            Span::new(Style::Bad, text)
        }
        (_, Readings::Paused) => Span::new(Style::Warning, "paused; p goes on"),
        (None, Readings::Late) => Span::new(Style::Bad, since(known.served_at)),
        (None, Readings::Live) if known.served.is_none() => Span::new(Style::Dim, "reading"),
        (None, Readings::Live | Readings::Once) => Span::plain(""),
    }
}
