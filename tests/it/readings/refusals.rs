//! Wrong dates, steps, periods, filters, pages, dialects, layouts and formats: each way to read refuses them, and names the
//! field as it is called there.

use tokio::process::Command;

use crate::contract::descriptor;
use crate::readings::call::answer;
use crate::readings::mistakes::{MISTAKES, MISTAKES_OF_QUERIES};
use crate::support::april::{bank_of_april, silkrate_of_april};
use crate::support::browser::get;
use crate::support::silkrate::reason;

#[tokio::test]
async fn every_way_to_read_names_the_field_that_is_wrong() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let (web, url) = (silkrate.web, silkrate.url.as_str());
    let mut wrong = Vec::new();
    for mistake in MISTAKES.iter().chain(MISTAKES_OF_QUERIES) {
        for (name, request, expected, field) in mistake.calls {
            let method = descriptor::method(name).unwrap();
            let answered = answer(url, &method, request(), |_| true).await;
            let (_, reason, named) = reason(&answered.unwrap_err());
            if (reason.as_str(), named.as_deref()) != (*expected, Some(*field)) {
                wrong.push(format!("{name}: {reason} of {named:?}, not of {field}"));
            }
        }
        for (path, status, expected, field) in mistake.paths {
            let refused = get(web, path, &[]).await;
            let expected = (*status, (*expected).to_owned(), Some((*field).to_owned()));
            if refused.refusal() != expected {
                wrong.push(format!("{path}: {:?}", refused.refusal()));
            }
        }
        for (arguments, text) in mistake.commands {
            let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
            command.args(*arguments).args(["--server", url]);
            let ended = command.output().await.unwrap();
            let error = String::from_utf8(ended.stderr).unwrap();
            if ended.status.code() != Some(64) || !error.contains(text) {
                wrong.push(format!("{arguments:?}: {} {error}", ended.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    silkrate.finish().await;
}
