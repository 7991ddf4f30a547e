//! `silkrate held`: the values held for a decision, and the decision.

use std::io::Write;

use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use tonic::Code;

use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::format::{Document, Format, FormatArgs};
use crate::cli::notes::name_of;
use crate::cli::paint::without_controls;
use crate::cli::rates::{known, percent};
use crate::cli::server::AdminArgs;
use crate::cli::table::TextTable;
use crate::client::ClientError;
use crate::json;
use crate::pb::admin::{ListHeldResponse, RejectHeldResponse, ReleaseHeldResponse};
use crate::pb::{Fixing, HeldFixing, Position};
use crate::tabular::HELD;

const EXAMPLES: &str = "\
Examples:
  silkrate held                                the held values, with the reasons
  silkrate held --format csv > held.csv
  silkrate held release cbu/daily/2026-04-02/TMT
  silkrate held release cbu/daily/2026-04-02/TMT --value 346.917 --note 'a true devaluation'
  silkrate held reject nbk/daily/2026-04-02/USD --note 'a shifted point, the bank knows'

A value that failed a check is held, and the last good one is served meanwhile. With --value the decision is refused if another \
value is held by then.";

const RELEASE_EXAMPLES: &str = "\
Examples:
  silkrate held release cbu/daily/2026-04-02/TMT --value 346.917 --note 'a true devaluation'

`silkrate held` prints the ids. The decision is recorded with its time and the note.";

const REJECT_EXAMPLES: &str = "\
Examples:
  silkrate held reject nbk/daily/2026-04-02/USD --value 4750.9 --note 'a shifted point, the bank knows'

`silkrate held` prints the ids. The decision is recorded with its time and the note.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HeldArgs {
    #[command(subcommand)]
    action: Option<HeldAction>,
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum HeldAction {
    /// Print the held values and the reasons: the default.
    List,
    /// Release a value: it is served from now on.
    #[command(after_help = RELEASE_EXAMPLES)]
    Release(DecisionArgs),
    /// Reject a value for good: it is not held again when the bank repeats it.
    #[command(after_help = REJECT_EXAMPLES)]
    Reject(DecisionArgs),
}

#[derive(Debug, Args)]
struct DecisionArgs {
    /// The id of the value, such as cbu/daily/2026-04-02/TMT.
    #[arg(value_name = "ID")]
    id: String,
    /// The value as you saw it: the decision is refused if another value is held by now.
    #[arg(long, value_name = "V", value_parser = arguments::amount, allow_negative_numbers = true)]
    value: Option<Decimal>,
    /// The reason, recorded with the decision.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

pub(super) async fn run(arguments: &HeldArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let format = arguments.format.format()?;
    let decides = matches!(
        arguments.action,
        Some(HeldAction::Release(_) | HeldAction::Reject(_))
    );
    // Refused before the decision is sent, not after it took effect.
    if decides && matches!(format, Format::Csv(_) | Format::Ndjson) {
        return Err(Failure::Usage {
            message: "a decision has no CSV format and no NDJSON format".to_owned(),
            hint: "print it with --format table or --format json".to_owned(),
        });
    }
    let response = response(arguments).await.map_err(failure)?;
    print(&response, format, out)
}

/// A response of the server.
#[derive(Debug)]
enum Response {
    List(ListHeldResponse),
    Released(String, ReleaseHeldResponse),
    Rejected(String, RejectHeldResponse),
}

async fn response(arguments: &HeldArgs) -> Result<Response, ClientError> {
    let admin = arguments.admin.client()?;
    let value = |decision: &DecisionArgs| decision.value.map(|value| value.to_string());
    Ok(match &arguments.action {
        None | Some(HeldAction::List) => Response::List(ListHeldResponse {
            held: admin.held().await?,
        }),
        Some(HeldAction::Release(decision)) => {
            let DecisionArgs { id, note, .. } = decision;
            let response = admin.release(id, value(decision).as_deref(), note).await?;
            Response::Released(id.clone(), response)
        }
        Some(HeldAction::Reject(decision)) => {
            let DecisionArgs { id, note, .. } = decision;
            let response = admin.reject(id, value(decision).as_deref(), note).await?;
            Response::Rejected(id.clone(), response)
        }
    })
}

/// The failure, with a hint for a URL that is not that of an operators' port.
fn failure(error: ClientError) -> Failure {
    let hint = match &error {
        ClientError::BadUrl { .. } => {
            "write http://HOST:PORT or https://HOST/PATH, with --admin or in SILKRATE_ADMIN_URL"
        }
        ClientError::Unreachable { url, .. } if !url.starts_with("https://") => {
            "is `silkrate serve` running there, with this address as its server.admin_listen? Name another with --admin URL"
        }
        ClientError::Refused {
            code: Code::Unimplemented,
            ..
        } => {
            "is it the operators' port of a server, and not its gRPC port? Name another with --admin URL"
        }
        ClientError::Authorities(_)
        | ClientError::Identity(_)
        | ClientError::Key(_)
        | ClientError::ExposedKey { .. }
        | ClientError::Handshake { .. }
        | ClientError::Refused { .. }
        | ClientError::Unreachable { .. }
        | ClientError::Silent { .. } => return error.into(),
    };
    Failure::from(error).with_hint(hint)
}

fn print(response: &Response, format: Format, out: &mut dyn Write) -> Result<(), Failure> {
    let table = || page(response);
    let decision = match response {
        Response::List(response) => {
            let rows: Vec<json::HeldFixing<'_>> = json::list(&response.held);
            let document = Document {
                message: json::ListHeldResponse::from(response),
                rows: &rows,
                columns: HELD,
            };
            return document.print(format, out, table);
        }
        Response::Released(_, response) => json::Decision::from(response),
        Response::Rejected(_, response) => json::Decision::from(response),
    };
    let document = Document {
        rows: std::slice::from_ref(&decision),
        message: &decision,
        columns: &[],
    };
    document.print(format, out, table)
}

fn page(response: &Response) -> String {
    match response {
        Response::List(response) if response.held.is_empty() => "No value is held.\n".to_owned(),
        Response::List(response) => list(&response.held),
        Response::Released(id, response) => sentence(
            &format!("Released {id}"),
            response.held.as_ref(),
            "is served from now on",
            response.position.as_ref(),
        ),
        Response::Rejected(id, response) => sentence(
            &format!("Rejected {id}"),
            response.held.as_ref(),
            "is rejected for good",
            response.position.as_ref(),
        ),
    }
}

/// The values in columns. No column is omitted on a narrow terminal: a decision needs the reasons.
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
fn sentence(
    done: &str,
    held: Option<&HeldFixing>,
    outcome: &str,
    position: Option<&Position>,
) -> String {
    let fixing = held.and_then(|held| held.fixing.as_ref());
    let what = fixing.map_or_else(|| "it".to_owned(), in_words);
    let at = position.map_or_else(String::new, |Position { epoch, revision }| {
        format!(", at revision {revision} of epoch {epoch}")
    });
    without_controls(&format!("{done}: {what} {outcome}{at}.")) + "\n"
}

fn in_words(fixing: &Fixing) -> String {
    format!(
        "{} {} = {} {}",
        fixing.units, fixing.currency, fixing.value, fixing.home_currency
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::server::default_url;
    use crate::client::Admin;
    use crate::config::ADMIN_LISTEN_DEFAULT;
    use crate::pb::{Change, Check};
    use crate::tabular::Dialect;

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

    fn position() -> Position {
        Position {
            epoch: "abc".to_owned(),
            revision: 8,
        }
    }

    fn listed(held: Vec<HeldFixing>) -> Response {
        Response::List(ListHeldResponse { held })
    }

    fn rejected(held: Option<HeldFixing>) -> Response {
        let response = RejectHeldResponse {
            position: Some(position()),
            held,
        };
        Response::Rejected("cbu/daily/2026-04-02/TMT".to_owned(), response)
    }

    fn printed(response: &Response, format: Format) -> String {
        let mut out = Vec::new();
        print(response, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_list_tells_what_waits_since_when_and_why() {
        let unknown = HeldFixing {
            check: Check::Bounds.into(),
            ..HeldFixing::default()
        };
        assert_eq!(
            page(&listed(vec![held(), unknown])),
            "\
ID                        VALUE    CHANGE     CHECK      SINCE                 WHY
cbu/daily/2026-04-02/TMT  346.917  -90.0000%  unit_jump  2026-04-02T09:00:00Z  a tenth of the last value
-                         -        n/a        bounds     -                     -
"
        );
        assert_eq!(page(&listed(Vec::new())), "No value is held.\n");
    }

    #[test]
    fn a_decision_is_confirmed_in_a_sentence_with_its_position() {
        let response = ReleaseHeldResponse {
            position: Some(position()),
            held: Some(held()),
        };
        assert_eq!(
            page(&Response::Released(held().id, response)),
            "Released cbu/daily/2026-04-02/TMT: 1 TMT = 346.917 UZS is served from now on, at revision 8 of epoch abc.\n"
        );
        assert_eq!(
            page(&rejected(None)),
            "Rejected cbu/daily/2026-04-02/TMT: it is rejected for good, at revision 8 of epoch abc.\n"
        );
    }

    #[test]
    fn as_json_a_list_and_a_decision_are_the_messages_of_the_contract() {
        let list = printed(&listed(vec![held()]), Format::Json);
        let start = r#"{"held":[{"id":"cbu/daily/2026-04-02/TMT","#;
        assert!(list.starts_with(start), "{list}");
        let decision = printed(&rejected(Some(held())), Format::Json);
        let start = r#"{"position":{"epoch":"abc","revision":8},"held":{"id":"#;
        assert!(decision.starts_with(start), "{decision}");
    }

    #[test]
    fn as_csv_a_list_has_a_header_and_a_row_for_each_value() {
        let list = printed(&listed(vec![held()]), Format::Csv(Dialect::Rfc4180));
        assert_eq!(
            list.lines().collect::<Vec<_>>(),
            [
                "id,check,detail,since_time,source,currency,units,value,home_currency,effective_date,change_absolute,change_percent,reference_value,reference_date",
                "cbu/daily/2026-04-02/TMT,UNIT_JUMP,a tenth of the last value,2026-04-02T09:00:00Z,,TMT,1,346.917,UZS,,,-90.0000,,",
            ]
        );
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
