//! Messages of streams and sources, outwards; positions, both ways.

use jiff::Timestamp;

use crate::board::{Replica, SourceDetail};
use crate::domain::{Polling, Position, Snapshot, SourceState};
use crate::feed::{ResumeVerdict, StreamEvent, StreamMessage};
use crate::pb;
use crate::wire::scalars::{present, to_duration, to_timestamp};
use crate::wire::{to_flag, to_freshness, to_held, to_rates};

pub(crate) fn to_position(position: &Position) -> pb::Position {
    pb::Position {
        epoch: position.epoch.to_string(),
        revision: position.revision,
    }
}

pub(crate) fn to_source_states(snapshot: &Snapshot) -> Vec<pb::SourceState> {
    snapshot
        .sources()
        .map(|state| to_source_state(state))
        .collect()
}

pub(crate) fn to_source_state(state: &SourceState) -> pb::SourceState {
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
    pb::SourceState {
        id: id.to_string(),
        name: (*name).to_owned(),
        attribution: present(attribution),
        freshness: freshness_status
            .as_ref()
            .map_or(pb::Freshness::Unspecified, |freshness_status| {
                to_freshness(freshness_status.freshness)
            })
            .into(),
        freshness_reason: freshness_status
            .as_ref()
            .and_then(|freshness_status| present(&freshness_status.reason)),
        newest_effective_date: newest_effective_date.map(|date| date.to_string()),
        next_publication_time: next_publication.map(|next| to_timestamp(next.opens)),
        next_publication_due_time: next_publication.map(|next| to_timestamp(next.due)),
        missed_publications: *missed_publications,
        held: held.iter().map(|held| to_held(held)).collect(),
        flags: flags.iter().map(to_flag).collect(),
    }
}

pub(crate) fn to_source_detail(detail: &SourceDetail) -> pb::SourceDetail {
    let SourceDetail {
        state,
        record,
        polls,
        dropped_rows,
    } = detail;
    let dropped = dropped_rows.iter();
    pb::SourceDetail {
        state: Some(to_source_state(state)),
        polling: to_polling(polls.polling).into(),
        last_verified_time: polls.last_verified.map(to_timestamp),
        last_attempt_time: polls.last_attempt.map(to_timestamp),
        next_attempt_time: polls.next_attempt.map(to_timestamp),
        consecutive_failures: polls.consecutive_failures,
        last_error: present(&polls.last_error),
        dropped_rows: dropped
            .map(|row| pb::DroppedRow {
                currency: row.currency.clone(),
                reason: row.reason.clone(),
            })
            .collect(),
        home_currency: record.home.map(|currency| currency.to_string()),
        page: record.page.to_owned(),
        terms: record.terms.to_owned(),
        requests_today: polls.requests.today,
        requests_per_day: polls.requests.per_day,
    }
}

/// One message of a stream. A heartbeat bears `server_time`.
pub(crate) fn to_message(
    message: &StreamMessage,
    server_time: Timestamp,
) -> pb::WatchRatesResponse {
    use pb::watch_rates_response::Event as Wire;
    let event = match &message.event {
        StreamEvent::Opening {
            verdict,
            min_interval,
            heartbeat_interval,
            replica,
        } => Wire::Opening(pb::Opening {
            verdict: to_verdict(*verdict).into(),
            min_interval: Some(to_duration(*min_interval)),
            heartbeat_interval: Some(to_duration(*heartbeat_interval)),
            replica: replica.as_ref().map(to_replica),
        }),
        StreamEvent::Snapshot { rates, snapshot } => Wire::Snapshot(pb::Snapshot {
            rates: to_rates(rates),
            sources: to_source_states(snapshot),
        }),
        StreamEvent::Update(update) => Wire::Update(pb::Update {
            after: Some(pb::Position {
                epoch: message.position.epoch.to_string(),
                revision: update.after,
            }),
            rates: to_rates(&update.rates),
            removed_pairs: update
                .removed_pairs
                .iter()
                .map(ToString::to_string)
                .collect(),
            sources: update
                .sources
                .iter()
                .map(|state| to_source_state(state))
                .collect(),
            commits: message.position.revision.saturating_sub(update.after),
        }),
        StreamEvent::Heartbeat { sources, replica } => Wire::Heartbeat(pb::Heartbeat {
            server_time: Some(to_timestamp(server_time)),
            sources: sources.iter().map(to_source_detail).collect(),
            replica: replica.as_ref().map(to_replica),
        }),
    };
    pb::WatchRatesResponse {
        position: Some(to_position(&message.position)),
        event: Some(event),
    }
}

/// How a replica stands to the others.
pub(crate) fn to_replica(replica: &Replica) -> pb::Replica {
    let Replica {
        detached,
        empty: _,
        troubles: _,
    } = replica;
    pb::Replica {
        detached: detached.is_some(),
        since_time: detached
            .as_ref()
            .map(|detached| to_timestamp(detached.since)),
        reason: detached.as_ref().map(|detached| detached.reason.clone()),
    }
}

/// A position as a client sends it back.
pub(crate) fn from_position(position: pb::Position) -> Position {
    let pb::Position { epoch, revision } = position;
    Position {
        epoch: epoch.into(),
        revision,
    }
}

fn to_polling(polling: Polling) -> pb::Polling {
    match polling {
        Polling::NotTried => pb::Polling::NotTried,
        Polling::Ok => pb::Polling::Ok,
        Polling::Failing => pb::Polling::Failing,
    }
}

fn to_verdict(verdict: ResumeVerdict) -> pb::ResumeVerdict {
    match verdict {
        ResumeVerdict::SnapshotRequested => pb::ResumeVerdict::SnapshotRequested,
        ResumeVerdict::Resumed => pb::ResumeVerdict::Resumed,
        ResumeVerdict::SnapshotTooOld => pb::ResumeVerdict::SnapshotTooOld,
        ResumeVerdict::SnapshotOtherEpoch => pb::ResumeVerdict::SnapshotOtherEpoch,
        ResumeVerdict::SnapshotAhead => pb::ResumeVerdict::SnapshotAhead,
    }
}
