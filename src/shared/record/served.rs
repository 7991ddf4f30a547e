//! What is served, as records have it: quotes and the states of sources.

use std::sync::Arc;

use prost::Message;

use crate::domain::{
    Freshness, FreshnessStatus, Held, MissingPoint, PairState, Publication, Quote, QuoteInputs,
    ServedChange, ShownChange, SourceState, Window, WindowPoint,
};
use crate::pb::log as pb;
use crate::pb::log::window_point::Point as WirePoint;
use crate::shared::record::texts::{
    Subject, broken, optional_time, present, quote_subject, source, source_subject, subject, time,
};
use crate::shared::record::values::{read_flag, read_held, read_point, to_flag, to_held, to_point};
use crate::shared::record::{RecordError, names};

/// The names of the degrees of freshness.
const FRESHNESS: [(Freshness, &str); 4] = [
    (Freshness::Fresh, "fresh"),
    (Freshness::CarriedOver, "carried_over"),
    (Freshness::Late, "late"),
    (Freshness::Stale, "stale"),
];
/// The names of the windows.
const WINDOWS: [(Window, &str); 3] = [
    (Window::Week, "week"),
    (Window::Month, "month"),
    (Window::Year, "year"),
];

pub(super) fn to_message(change: &ShownChange) -> pb::Served {
    pb::Served {
        subject: change.subject.clone(),
        changed_at_revision: change.changed_at_revision,
        value: change.value.as_ref().map(|value| value.to_vec()),
    }
}

pub(super) fn read_message(message: &pb::Served) -> ShownChange {
    ShownChange {
        subject: message.subject.clone(),
        changed_at_revision: message.changed_at_revision,
        value: message.value.as_deref().map(Arc::from),
    }
}

/// A change in bytes. What is no longer served bears the revision from which on it is not.
pub fn to_shown(change: &ServedChange, revision: u64) -> ShownChange {
    match change {
        ServedChange::Quote(key, quote) => ShownChange {
            subject: quote_subject(*key),
            changed_at_revision: quote
                .as_ref()
                .map_or(revision, |quote| quote.changed_at_revision),
            value: quote
                .as_ref()
                .map(|quote| to_quote(&quote.inputs).encode_to_vec().into()),
        },
        ServedChange::Source(id, state) => ShownChange {
            subject: source_subject(*id),
            changed_at_revision: state
                .as_ref()
                .map_or(revision, |state| state.changed_at_revision),
            value: state
                .as_ref()
                .map(|state| to_source(state).encode_to_vec().into()),
        },
    }
}

/// A change from its bytes.
///
/// # Errors
/// [`RecordError::Broken`].
pub fn read_change(change: &ShownChange) -> Result<ServedChange, RecordError> {
    let value = change.value.as_deref();
    let undecodable = |error: prost::DecodeError| broken(&change.subject, &error);
    Ok(match subject(&change.subject)? {
        Subject::Quote(key) => {
            let message = value.map(pb::Quote::decode).transpose();
            let inputs = message.map_err(undecodable)?.as_ref().map(read_quote);
            let quote = inputs.transpose()?.map(|inputs| Quote {
                inputs: Arc::new(inputs),
                changed_at_revision: change.changed_at_revision,
            });
            ServedChange::Quote(key, quote)
        }
        Subject::Source(id) => {
            let message = value.map(pb::Source::decode).transpose();
            let state = message.map_err(undecodable)?.as_ref().map(read_source);
            let state = state.transpose()?.map(|state| {
                Arc::new(SourceState {
                    changed_at_revision: change.changed_at_revision,
                    ..state
                })
            });
            if state.as_ref().is_some_and(|state| state.id != id) {
                return Err(broken(&change.subject, &"its value is of another source"));
            }
            ServedChange::Source(id, state)
        }
    })
}

fn to_quote(inputs: &QuoteInputs) -> pb::Quote {
    let QuoteInputs {
        source,
        pair_state,
        windows,
        freshness_status,
        flags,
    } = inputs;
    let PairState {
        current,
        effective_date,
        newest,
        reference,
        announced,
        decimal_places,
        held,
    } = pair_state;
    pb::Quote {
        source: source.to_string(),
        current: Some(to_point(current)),
        effective_date: effective_date.to_string(),
        newest: newest.to_string(),
        reference: reference.as_ref().map(to_point),
        announced: announced.as_ref().map(to_point),
        decimal_places: *decimal_places,
        held: held.iter().map(|held| to_held(held)).collect(),
        windows: windows.iter().map(to_window_point).collect(),
        freshness: Some(to_freshness(freshness_status)),
        flags: flags.iter().map(to_flag).collect(),
    }
}

fn read_quote(message: &pb::Quote) -> Result<QuoteInputs, RecordError> {
    let optional = |point: Option<&pb::Point>| point.map(read_point).transpose();
    let windows = message.windows.iter().map(read_window_point);
    let flags = message.flags.iter().map(read_flag);
    Ok(QuoteInputs {
        source: source(&message.source)?,
        pair_state: PairState {
            current: read_point(present(message.current.as_ref(), "current")?)?,
            effective_date: time(&message.effective_date, "effective date")?,
            newest: time(&message.newest, "newest")?,
            reference: optional(message.reference.as_ref())?,
            announced: optional(message.announced.as_ref())?,
            decimal_places: message.decimal_places,
            held: read_all_held(&message.held)?,
        },
        windows: windows.collect::<Result<_, _>>()?,
        freshness_status: read_freshness(present(message.freshness.as_ref(), "freshness")?)?,
        flags: flags.collect::<Result<_, _>>()?,
    })
}

fn to_source(state: &SourceState) -> pb::Source {
    let SourceState {
        id,
        name,
        attribution,
        freshness_status,
        newest_effective_date,
        next_publication,
        missed_publications,
        held,
        flags,
        changed_at_revision: _,
    } = state;
    pb::Source {
        id: id.to_string(),
        name: (*name).to_owned(),
        attribution: (*attribution).to_owned(),
        freshness: freshness_status.as_ref().map(to_freshness),
        newest_effective_date: newest_effective_date.map(|date| date.to_string()),
        next_publication: next_publication.as_ref().map(to_publication),
        missed_publications: *missed_publications,
        held: held.iter().map(|held| to_held(held)).collect(),
        flags: flags.iter().map(to_flag).collect(),
    }
}

/// The state of a source, without the revision that last changed it.
fn read_source(message: &pb::Source) -> Result<SourceState, RecordError> {
    let freshness = message.freshness.as_ref();
    let newest = message.newest_effective_date.as_ref();
    let next = message.next_publication.as_ref();
    let flags = message.flags.iter().map(read_flag);
    Ok(SourceState {
        id: source(&message.id)?,
        name: names::kept(&message.name)?,
        attribution: names::kept(&message.attribution)?,
        freshness_status: freshness.map(read_freshness).transpose()?,
        newest_effective_date: optional_time(newest, "newest effective date")?,
        next_publication: next.map(read_publication).transpose()?,
        missed_publications: message.missed_publications,
        held: read_all_held(&message.held)?,
        flags: flags.collect::<Result<_, _>>()?,
        changed_at_revision: 0,
    })
}

fn read_all_held(messages: &[pb::Held]) -> Result<Vec<Arc<Held>>, RecordError> {
    messages.iter().map(read_held).collect()
}

fn to_window_point(at: &WindowPoint) -> pb::WindowPoint {
    let WindowPoint { window, point } = at;
    let point = match point {
        Ok(point) => WirePoint::Known(to_point(point)),
        Err(MissingPoint::BeginsLater(date)) => WirePoint::BeginsLater(date.to_string()),
        Err(MissingPoint::Unknown(date)) => WirePoint::Unknown(date.to_string()),
    };
    pb::WindowPoint {
        window: name_of(&WINDOWS, window),
        point: Some(point),
    }
}

fn read_window_point(message: &pb::WindowPoint) -> Result<WindowPoint, RecordError> {
    let date = |text: &String| time(text, "date of a window");
    let point = match present(message.point.as_ref(), "point of a window")? {
        WirePoint::Known(point) => Ok(read_point(point)?),
        WirePoint::BeginsLater(text) => Err(MissingPoint::BeginsLater(date(text)?)),
        WirePoint::Unknown(text) => Err(MissingPoint::Unknown(date(text)?)),
    };
    Ok(WindowPoint {
        window: named(&WINDOWS, &message.window, "window")?,
        point,
    })
}

fn to_freshness(status: &FreshnessStatus) -> pb::FreshnessStatus {
    let FreshnessStatus { freshness, reason } = status;
    pb::FreshnessStatus {
        freshness: name_of(&FRESHNESS, freshness),
        reason: reason.clone(),
    }
}

fn read_freshness(message: &pb::FreshnessStatus) -> Result<FreshnessStatus, RecordError> {
    Ok(FreshnessStatus {
        freshness: named(&FRESHNESS, &message.freshness, "freshness")?,
        reason: message.reason.clone(),
    })
}

fn to_publication(publication: &Publication) -> pb::Publication {
    let Publication {
        effective_date,
        opens,
        due,
    } = publication;
    pb::Publication {
        effective_date: effective_date.to_string(),
        opens: opens.to_string(),
        due: due.to_string(),
    }
}

fn read_publication(message: &pb::Publication) -> Result<Publication, RecordError> {
    Ok(Publication {
        effective_date: time(&message.effective_date, "date of a publication")?,
        opens: time(&message.opens, "opening of a publication")?,
        due: time(&message.due, "end of a publication")?,
    })
}

fn name_of<T: PartialEq>(names: &[(T, &str)], value: &T) -> String {
    let known = names.iter().find(|(known, _)| known == value);
    known.map_or_else(String::new, |(_, name)| (*name).to_owned())
}

fn named<T: Copy>(names: &[(T, &str)], name: &str, field: &str) -> Result<T, RecordError> {
    let known = names.iter().find(|(_, known)| *known == name);
    let known = known.map(|(value, _)| *value);
    known.ok_or_else(|| broken(field, &format!("there is no `{name}`")))
}
