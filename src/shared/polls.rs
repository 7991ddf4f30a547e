//! How the polls of the replica that leads went, for those that ask no bank.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use prost::Message;

use crate::domain::{PollStatus, Polling, RequestCount, SourceId};
use crate::pb::log as pb;
use crate::shared::record::keep_name;

/// The names of the results.
const RESULTS: [(Polling, &str); 3] = [
    (Polling::NotTried, "not_tried"),
    (Polling::Ok, "ok"),
    (Polling::Failing, "failing"),
];

/// The bytes of a note.
pub fn encode(polls: &[(SourceId, PollStatus)]) -> Vec<u8> {
    let sources = polls.iter().map(|(source, status)| {
        let result = RESULTS
            .iter()
            .find(|(polling, _)| *polling == status.polling);
        pb::SourcePolls {
            source: source.to_string(),
            polling: result.map_or("", |(_, name)| name).to_owned(),
            last_verified: status.last_verified.map(|at| at.to_string()),
            last_attempt: status.last_attempt.map(|at| at.to_string()),
            next_attempt: status.next_attempt.map(|at| at.to_string()),
            consecutive_failures: status.consecutive_failures,
            last_error: status.last_error.clone(),
            requests_today: status.requests.today,
            requests_per_day: status.requests.per_day,
        }
    });
    let message = pb::Polls {
        sources: sources.collect(),
    };
    message.encode_to_vec()
}

/// Reads the bytes of a note. What cannot be read is left out.
pub fn decode(bytes: &[u8]) -> Vec<(SourceId, PollStatus)> {
    let polls = pb::Polls::decode(bytes).unwrap_or_default();
    let sources = polls.sources.into_iter();
    sources.filter_map(read).collect()
}

fn read(polls: pb::SourcePolls) -> Option<(SourceId, PollStatus)> {
    let result = RESULTS.iter().find(|(_, name)| *name == polls.polling)?;
    let source = SourceId::new(keep_name(&polls.source)?);
    let status = PollStatus {
        polling: result.0,
        last_verified: time(polls.last_verified.as_ref()),
        last_attempt: time(polls.last_attempt.as_ref()),
        next_attempt: time(polls.next_attempt.as_ref()),
        consecutive_failures: polls.consecutive_failures,
        last_error: polls.last_error,
        requests: RequestCount {
            today: polls.requests_today,
            per_day: polls.requests_per_day,
        },
        // Each process counts its own.
        outcomes: BTreeMap::new(),
    };
    Some((source, status))
}

fn time<T: FromStr<Err: Display>>(text: Option<&String>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn polls_are_read_as_they_were_written() {
        let mut polls = vec![(SourceId::new("nbk"), PollStatus::default())];
        let at = |second| Timestamp::from_second(second).ok();
        polls.push((
            SourceId::new("cbr"),
            PollStatus {
                polling: Polling::Failing,
                last_verified: at(1),
                last_attempt: at(2),
                next_attempt: at(3),
                consecutive_failures: 4,
                last_error: "status 500".to_owned(),
                requests: RequestCount {
                    today: 5,
                    per_day: 6,
                },
                outcomes: BTreeMap::new(),
            },
        ));
        assert_eq!(decode(&encode(&polls)), polls);
        assert_eq!(decode(&[0xff]), []);
    }
}
