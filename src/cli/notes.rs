//! The notes below a table: which values are late, stale, held or flagged, and why.

use crate::cli::paint::without_controls;
use crate::json;
use crate::pb::{Fixing, Flag, Freshness, HeldFixing, Rate, Replica, SourceTerms, WindowChange};

/// The number of subjects that a note names: a held value may affect forty pairs.
const SUBJECTS_NAMED: usize = 3;

/// The attributions that the terms of sources require, a line each after an empty line; empty if none does.
pub(super) fn attributions(sources: &[SourceTerms]) -> String {
    let mut notes = Notes::default();
    for source in sources {
        if let Some(attribution) = &source.attribution {
            notes.push(&source.id, attribution);
        }
    }
    notes.below()
}

/// That a replica is cut off from the others; `None` if it is not.
pub(super) fn detached(replica: &Replica) -> Option<String> {
    let since = replica.since_time.as_ref().and_then(json::instant);
    let since = since.map(|since| format!(" since {since}"));
    let reason = replica.reason.as_deref().unwrap_or("unknown");
    let text = format!(
        "this replica is cut off from the others{}, and may lack newer rates: {reason}",
        since.unwrap_or_default()
    );
    replica.detached.then_some(text)
}

/// Notes on the rows of a table; a note on several rows is one line.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Each note with its subjects, in the order they came.
    notes: Vec<(String, Vec<String>)>,
}

impl Notes {
    /// Adds a note about a subject, such as a pair.
    pub(super) fn push(&mut self, subject: &str, note: &str) {
        let subject = subject.to_owned();
        match self.notes.iter_mut().find(|(known, _)| known == note) {
            Some((_, subjects)) if subjects.contains(&subject) => {}
            Some((_, subjects)) => subjects.push(subject),
            None => self.notes.push((note.to_owned(), vec![subject])),
        }
    }

    /// Adds the notes on a rate: why it is late or stale, its held values, its flags.
    pub(super) fn push_rate(&mut self, subject: &str, rate: &Rate) {
        if matches!(rate.freshness(), Freshness::Late | Freshness::Stale)
            && let Some(reason) = freshness(rate.freshness(), rate.freshness_reason())
        {
            self.push(subject, &reason);
        }
        for value in &rate.held {
            self.push(subject, &held(value));
        }
        for odd in &rate.flags {
            self.push(subject, &flag(odd));
        }
    }

    /// Adds the reasons why changes over windows are unknown: one note for all windows with the same reason.
    pub(super) fn push_windows(&mut self, subject: &str, windows: &[WindowChange]) {
        let unknown = || windows.iter().filter(|window| window.change.is_none());
        for (index, window) in unknown().enumerate() {
            let reason = window.reason();
            let is_said = unknown()
                .take(index)
                .any(|before| before.reason() == reason);
            if is_said || reason.is_empty() {
                continue;
            }
            let alike = unknown().filter(|other| other.reason() == reason);
            let names = alike.map(|window| word(window.window().as_str_name(), "WINDOW_"));
            let names = names.collect::<Vec<_>>().join(", ");
            self.push(subject, &format!("no change over a {names}: {reason}"));
        }
    }

    /// One line for each note, without control characters.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |(note, subjects): &(String, Vec<String>)| {
            let more = subjects.len().saturating_sub(SUBJECTS_NAMED);
            let named = subjects.iter().take(SUBJECTS_NAMED).map(String::as_str);
            let named = named.collect::<Vec<_>>().join(", ");
            let line = match more {
                0 => format!("{named}: {note}"),
                more => format!("{named} and {more} more: {note}"),
            };
            without_controls(&line)
        };
        self.notes.iter().map(line).collect()
    }

    /// The notes as text below a table, after an empty line; empty without notes.
    pub(super) fn below(&self) -> String {
        let lines = self.lines().into_iter();
        let text: String = lines.map(|line| line + "\n").collect();
        let gap = if text.is_empty() { "" } else { "\n" };
        format!("{gap}{text}")
    }
}

/// The name of an enum's value as words: `FRESHNESS_CARRIED_OVER` is `carried over`.
pub(super) fn word(name: &'static str, prefix: &str) -> String {
    name_of(name, prefix).replace('_', " ")
}

/// The name of an enum's value as operators write it: `CHECK_UNIT_JUMP` is `unit_jump`.
pub(super) fn name_of(name: &'static str, prefix: &str) -> String {
    json::short(name, prefix).to_lowercase()
}

/// Why a value is not fresh: `late: nothing of 2026-04-02`. `None` when it is fresh, or its freshness is not stated.
pub(super) fn freshness(freshness: Freshness, reason: &str) -> Option<String> {
    if matches!(freshness, Freshness::Fresh | Freshness::Unspecified) {
        return None;
    }
    let freshness = word(freshness.as_str_name(), "FRESHNESS_");
    Some(match reason {
        "" => freshness,
        reason => format!("{freshness}: {reason}"),
    })
}

/// `TMT 34691.7 of 2026-04-02 is held since 2026-04-02T09:00:00Z: unit_jump, ten times the last value`.
pub(super) fn held(held: &HeldFixing) -> String {
    let unknown = Fixing::default();
    let fixing = held.fixing.as_ref().unwrap_or(&unknown);
    let units = match fixing.units.as_str() {
        "" | "1" => String::new(),
        units => format!("{units} "),
    };
    let since = held.since_time.as_ref().and_then(json::instant);
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    let check = name_of(held.check().as_str_name(), "CHECK_");
    format!(
        "{units}{} {} of {} is held{since}: {}",
        fixing.currency,
        fixing.value,
        fixing.effective_date,
        with_detail(&check, &held.detail)
    )
}

/// `published_change of USD, the bank prints 3.69`; without a currency it belongs to the whole table.
pub(super) fn flag(flag: &Flag) -> String {
    let check = name_of(flag.check().as_str_name(), "CHECK_");
    let check = match flag.currency() {
        "" => check,
        currency => format!("{check} of {currency}"),
    };
    with_detail(&check, &flag.detail)
}

fn with_detail(check: &str, detail: &str) -> String {
    match detail {
        "" => check.to_owned(),
        detail => format!("{check}, {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Check, Window};

    fn held_value() -> HeldFixing {
        HeldFixing {
            id: "cbu/daily/2026-04-02/TMT".to_owned(),
            fixing: Some(Fixing {
                currency: "TMT".to_owned(),
                units: "1".to_owned(),
                value: "34691.7".to_owned(),
                effective_date: "2026-04-02".to_owned(),
                ..Fixing::default()
            }),
            check: Check::UnitJump.into(),
            detail: "ten times the last value".to_owned(),
            since_time: Some(prost_types::Timestamp {
                seconds: 1_775_120_400,
                nanos: 0,
            }),
            change: None,
        }
    }

    #[test]
    fn a_held_value_is_noted_with_its_check_and_time() {
        let mut value = held_value();
        assert_eq!(
            held(&value),
            "TMT 34691.7 of 2026-04-02 is held since 2026-04-02T09:00:00Z: unit_jump, ten times the last value"
        );
        value.fixing.as_mut().unwrap().units = "100".to_owned();
        value.since_time = None;
        value.detail = String::new();
        assert_eq!(
            held(&value),
            "100 TMT 34691.7 of 2026-04-02 is held: unit_jump"
        );
    }

    #[test]
    fn a_note_on_several_rows_is_one_line() {
        let rate = Rate {
            freshness: Freshness::Late.into(),
            freshness_reason: Some("nothing\n of 2026-04-03".to_owned()),
            held: vec![held_value()],
            flags: vec![Flag {
                check: Check::PublishedChange.into(),
                currency: Some("USD".to_owned()),
                detail: String::new(),
            }],
            ..Rate::default()
        };
        let mut notes = Notes::default();
        for pair in ["A/B", "C/D", "E/F", "G/H", "G/H"] {
            notes.push_rate(pair, &rate);
        }
        let window = |window: Window, reason: &str| WindowChange {
            window: window.into(),
            reason: Some(reason.to_owned()),
            ..WindowChange::default()
        };
        let windows = [
            window(Window::Week, "nothing so old is known"),
            window(Window::Month, "a gap"),
            window(Window::Year, "nothing so old is known"),
        ];
        notes.push_windows("A/B", &windows);
        let held = held(&held_value());
        assert_eq!(
            notes.lines(),
            [
                "A/B, C/D, E/F and 1 more: late: nothing\u{fffd} of 2026-04-03",
                &format!("A/B, C/D, E/F and 1 more: {held}"),
                "A/B, C/D, E/F and 1 more: published_change of USD",
                "A/B: no change over a week, year: nothing so old is known",
                "A/B: no change over a month: a gap",
            ]
        );
        assert_eq!(Notes::default().below(), "");
    }

    #[test]
    fn a_fresh_value_needs_no_reason() {
        assert_eq!(freshness(Freshness::Fresh, "odd"), None);
        let carried = freshness(Freshness::CarriedOver, "");
        assert_eq!(carried.as_deref(), Some("carried over"));
    }
}
