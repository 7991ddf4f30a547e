//! `silkrate held`: published values that wait for a decision, and the decision.

use std::io::Write;

use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use serde::Serialize;
use tonic::Code;

use crate::cli::failure::Failure;
use crate::cli::notes::name_of;
use crate::cli::paint::without_controls;
use crate::cli::rates::{TableFormat, known, percent};
use crate::cli::table::TextTable;
use crate::cli::{arguments, default_url, json};
use crate::client::{Admin, ClientError};
use crate::config::ADMIN_LISTEN_DEFAULT;
use crate::pb::{Fixing, HeldFixing, Position};

const EXAMPLES: &str = "\
Examples:
  silkrate held                                what waits, and why
  silkrate held release cbu/daily/2026-04-02/TMT
  silkrate held release cbu/daily/2026-04-02/TMT --value 346.917 --note 'a true devaluation'
  silkrate held reject nbk/daily/2026-04-02/USD --note 'a shifted point, the bank knows'

A value that failed a check is held: the last good one is served meanwhile. --value guards against deciding on another value \
than the one you looked at.";

const DECISION_EXAMPLES: &str = "\
`silkrate held` prints the ids. The decision is kept with its time and the note.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HeldArgs {
    #[command(subcommand)]
    action: Option<HeldAction>,
    /// The server's address for operators: what it calls `server.admin_listen`.
    #[arg(long, value_name = "URL", default_value_t = default_url(ADMIN_LISTEN_DEFAULT), global = true)]
    admin: String,
    /// How to print what comes of it.
    #[arg(long, value_enum, default_value_t = TableFormat::Table, global = true)]
    format: TableFormat,
}

#[derive(Debug, Subcommand)]
enum HeldAction {
    /// Print what waits, and why: the default.
    List,
    /// Serve a value from now on.
    Release(DecisionArgs),
    /// Drop a value for good: when the bank repeats it, it is not held again.
    Reject(DecisionArgs),
}

#[derive(Debug, Args)]
#[command(after_help = DECISION_EXAMPLES)]
struct DecisionArgs {
    /// Which value, such as cbu/daily/2026-04-02/TMT.
    #[arg(value_name = "ID")]
    id: String,
    /// The value as you saw it: the decision is refused when it is another one by now.
    #[arg(long, value_name = "V", value_parser = arguments::amount, allow_negative_numbers = true)]
    value: Option<Decimal>,
    /// Why, to be kept with the decision.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

pub(super) async fn run(arguments: &HeldArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = match answer(arguments).await {
        Ok(answer) => text(&answer, arguments.format).map_err(std::io::Error::from)?,
        Err(error) => return Err(failure(error)),
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// What the server answers.
#[derive(Debug)]
enum Answer {
    List(Vec<HeldFixing>),
    Released(Decided),
    Rejected(Decided),
}

#[derive(Debug)]
struct Decided {
    id: String,
    position: Position,
    held: Option<HeldFixing>,
}

async fn answer(arguments: &HeldArgs) -> Result<Answer, ClientError> {
    let admin = Admin::new(&arguments.admin)?;
    let value = |decision: &DecisionArgs| decision.value.map(|value| value.to_string());
    Ok(match &arguments.action {
        None | Some(HeldAction::List) => Answer::List(admin.held().await?),
        Some(HeldAction::Release(decision)) => {
            let DecisionArgs { id, note, .. } = decision;
            let answer = admin.release(id, value(decision).as_deref(), note).await?;
            Answer::Released(Decided {
                id: id.clone(),
                position: answer.position.unwrap_or_default(),
                held: answer.held,
            })
        }
        Some(HeldAction::Reject(decision)) => {
            let DecisionArgs { id, note, .. } = decision;
            let answer = admin.reject(id, value(decision).as_deref(), note).await?;
            Answer::Rejected(Decided {
                id: id.clone(),
                position: answer.position.unwrap_or_default(),
                held: answer.held,
            })
        }
    })
}

/// The failure, with what to do about an address that is none of an operator's.
fn failure(error: ClientError) -> Failure {
    let hint = match &error {
        ClientError::BadUrl { .. } => "write it as --admin http://HOST:PORT",
        ClientError::Unreachable { .. } => {
            "is `silkrate serve` running there, with this as its server.admin_listen? Name another with --admin URL"
        }
        ClientError::Refused {
            code: Code::Unimplemented,
            ..
        } => {
            "is it a server's address for operators, not that of its rates? Name another with --admin URL"
        }
        ClientError::Refused { .. } | ClientError::Silent { .. } => return error.into(),
    };
    Failure::from(error).with_hint(hint)
}

fn text(answer: &Answer, format: TableFormat) -> serde_json::Result<String> {
    match format {
        TableFormat::Table => Ok(page(answer)),
        TableFormat::Json => Ok(json_text(answer)? + "\n"),
    }
}

fn page(answer: &Answer) -> String {
    match answer {
        Answer::List(held) if held.is_empty() => "No value is held.\n".to_owned(),
        Answer::List(held) => list(held),
        Answer::Released(decided) => {
            sentence(decided, "Released", "is served from now on, at revision")
        }
        Answer::Rejected(decided) => {
            sentence(decided, "Rejected", "is dropped for good, at revision")
        }
    }
}

/// The values in columns. Nothing is left out on a narrow terminal: whoever decides wants to read why.
fn list(held: &[HeldFixing]) -> String {
    let mut table = TextTable::new(["ID", "VALUE", "CHANGE", "CHECK", "SINCE", "WHY"]);
    for value in held {
        let since = value.since_time.as_ref().and_then(json::instant);
        let fixing = value.fixing.as_ref();
        table.push([
            value.id.clone(),
            fixing
                .map(|fixing| fixing.value.clone())
                .unwrap_or_default(),
            known(value.change.as_ref(), percent),
            name_of(value.check().as_str_name(), "CHECK_"),
            since.unwrap_or_default(),
            value.detail.clone(),
        ]);
    }
    table.render()
}

/// `Released cbu/daily/2026-04-02/TMT: 1 TMT = 346.917 UZS is served from now on, at revision 8 of epoch abc.`
fn sentence(decided: &Decided, done: &str, outcome: &str) -> String {
    let Decided { id, position, held } = decided;
    let fixing = held.as_ref().and_then(|held| held.fixing.as_ref());
    let what = fixing.map_or_else(|| "it".to_owned(), in_words);
    let Position { epoch, revision } = position;
    let sentence = format!("{done} {id}: {what} {outcome} {revision} of epoch {epoch}.");
    without_controls(&sentence) + "\n"
}

fn in_words(fixing: &Fixing) -> String {
    format!(
        "{} {} = {} {}",
        fixing.units, fixing.currency, fixing.value, fixing.home_currency
    )
}

fn json_text(answer: &Answer) -> serde_json::Result<String> {
    /// A decision as a JSON object.
    #[derive(Debug, Serialize)]
    struct Decision<'a> {
        position: json::Position<'a>,
        held: Option<json::HeldFixing<'a>>,
    }
    match answer {
        Answer::List(held) => {
            let held: Vec<json::HeldFixing<'_>> = json::list(held);
            json::text(&held)
        }
        Answer::Released(decided) | Answer::Rejected(decided) => json::text(&Decision {
            position: json::Position::from(&decided.position),
            held: decided.held.as_ref().map(json::HeldFixing::from),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Change, Check};

    fn held() -> HeldFixing {
        HeldFixing {
            id: "cbu/daily/2026-04-02/TMT".to_owned(),
            fixing: Some(Fixing {
                units: "1".to_owned(),
                currency: "TMT".to_owned(),
                value: "346.917".to_owned(),
                home_currency: "UZS".to_owned(),
                ..Fixing::default()
            }),
            check: Check::UnitJump.into(),
            detail: "a tenth of the last value".to_owned(),
            since_time: Some(prost_types::Timestamp {
                seconds: 1_775_120_400,
                nanos: 0,
            }),
            change: Some(Change {
                percent: "-90.0000".to_owned(),
                ..Change::default()
            }),
        }
    }

    fn decided() -> Decided {
        Decided {
            id: held().id,
            position: Position {
                epoch: "abc".to_owned(),
                revision: 8,
            },
            held: Some(held()),
        }
    }

    #[test]
    fn the_list_tells_what_waits_since_when_and_why() {
        let unknown = HeldFixing {
            check: Check::Bounds.into(),
            ..HeldFixing::default()
        };
        assert_eq!(
            page(&Answer::List(vec![held(), unknown])),
            "\
ID                        VALUE    CHANGE     CHECK      SINCE                 WHY
cbu/daily/2026-04-02/TMT  346.917  -90.0000%  unit_jump  2026-04-02T09:00:00Z  a tenth of the last value
-                         -        n/a        bounds     -                     -
"
        );
        assert_eq!(page(&Answer::List(Vec::new())), "No value is held.\n");
    }

    #[test]
    fn a_decision_is_told_in_a_sentence_with_its_position() {
        assert_eq!(
            page(&Answer::Released(decided())),
            "Released cbu/daily/2026-04-02/TMT: 1 TMT = 346.917 UZS is served from now on, at revision 8 of epoch abc.\n"
        );
        let bare = Decided {
            held: None,
            ..decided()
        };
        assert_eq!(
            page(&Answer::Rejected(bare)),
            "Rejected cbu/daily/2026-04-02/TMT: it is dropped for good, at revision 8 of epoch abc.\n"
        );
    }

    #[test]
    fn as_json_a_list_is_an_array_and_a_decision_an_object() {
        let list = text(&Answer::List(vec![held()]), TableFormat::Json).unwrap();
        assert!(
            list.starts_with(r#"[{"id":"cbu/daily/2026-04-02/TMT","#),
            "{list}"
        );
        let decision = text(&Answer::Rejected(decided()), TableFormat::Json).unwrap();
        let start = r#"{"position":{"epoch":"abc","revision":8},"held":{"id":"#;
        assert!(decision.starts_with(start), "{decision}");
    }

    #[test]
    fn an_address_that_is_no_operators_is_explained() {
        let unreachable = ClientError::Unreachable {
            url: default_url(ADMIN_LISTEN_DEFAULT),
            reason: "Connection refused".to_owned(),
        };
        let bad = Admin::new("nowhere").unwrap_err();
        for (error, code) in [(unreachable, 1), (bad, 64)] {
            let failure = failure(error);
            assert_eq!(failure.code(), code);
            assert!(format!("{failure:?}").contains("--admin"), "{failure:?}");
        }
    }
}
