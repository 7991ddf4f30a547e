//! `silkrate webhooks`, as an operator runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use jiff::SignedDuration;
use silkrate::config::Store;
use silkrate::webhooks::path_beside;
use tokio::process::Command;

use crate::support::receiver::{Receiver, Reply};
use crate::webhooks::{SECRET, World, until, webhook};

const PROGRAM: &str = env!("CARGO_BIN_EXE_silkrate");

/// A configuration whose ledger and receiver are these.
fn written(folder: &Path, ledger: &Path, url: &str) -> PathBuf {
    let path = folder.join("silkrate.toml");
    let text = format!(
        "[store]\npath = \"{}\"\n[[webhooks]]\nname = \"desk\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n",
        ledger.display()
    );
    fs::write(&path, text).unwrap();
    path
}

async fn run(config: &Path, arguments: &[&str]) -> (Output, String, String) {
    run_program(config, &[&["webhooks"], arguments].concat()).await
}

async fn run_program(config: &Path, arguments: &[&str]) -> (Output, String, String) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    command.arg("--config").arg(config);
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        !(out.clone() + &err).contains("MfKQ9r8"),
        "no secret is printed"
    );
    (output, out, err)
}

#[tokio::test]
async fn a_sample_is_sent_and_the_answer_is_printed() {
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = written(folder.path(), Path::new("nowhere.db"), &receiver.url());
    receiver.reply([200, 401, 401, 307].map(Reply::Status));
    let (output, out, err) = run(&config, &["test", "desk"]).await;
    assert!(output.status.success(), "{err}");
    let sample = receiver.until(1).await.remove(0);
    assert_eq!(sample.json()["type"], "test");
    assert!(
        out.contains(sample.id()) && out.contains(&sample.body),
        "{out}"
    );
    assert!(out.contains("status 200 after "), "{out}");
    assert!(out.contains("said") && !out.contains('\u{1b}'), "{out}");

    let (output, _, err) = run(&config, &["test", "desk"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("refused the event with status 401"), "{err}");
    let (output, json, _) = run(&config, &["test", "desk", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    let sample = receiver.until(3).await.remove(2);
    assert_eq!(answer["webhook_id"], sample.id());
    assert_eq!(answer["event"], sample.body);
    assert_eq!(answer["status"], 401);
    assert_eq!(answer["body"], "said\u{1b}[31m so");
    let (_, _, err) = run(&config, &["test", "desk"]).await;
    assert!(err.contains("status 307, a redirect"), "{err}");
    for format in ["csv", "ndjson"] {
        let (output, _, err) = run(&config, &["test", "desk", "--format", format]).await;
        assert_eq!(output.status.code(), Some(64), "{format}");
        assert!(err.contains("no CSV format and no NDJSON format"), "{err}");
    }
    assert_eq!(receiver.received().len(), 4, "nothing was sent for it");
    let (output, _, err) = run(&config, &["test", "dsk"]).await;
    assert_eq!(output.status.code(), Some(64));
    assert!(err.contains("the configuration has desk"), "{err}");
}

#[tokio::test]
async fn the_list_says_what_waits_and_why_while_the_service_runs() {
    let receiver = Receiver::start().await;
    receiver.reply_always(Reply::With(503, "retry-after", "3600".to_owned()));
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    let config = written(world.folder.path(), &world.ledger(), &receiver.url());
    let (_, before, _) = run(&config, &[]).await;
    assert!(before.contains("desk     waiting"), "{before}");
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    until(&world.ledger(), |states| states[0].error.is_some()).await;
    let (_, table, _) = run(&config, &[]).await;
    assert!(table.contains("status 503"), "{table}");
    let (_, json, _) = run(&config, &["list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(list["webhooks"][0]["pending"], 1);
    assert_eq!(list["webhooks"][0]["last_error"], "status 503");
    let (_, csv, _) = run(&config, &["list", "--csv"]).await;
    assert!(csv.starts_with("name,state,began_time,pending,"), "{csv}");
    silkrate.finish().await;
}

#[tokio::test]
async fn a_backup_has_what_receivers_know_and_the_events_that_wait() {
    let receiver = Receiver::start().await;
    receiver.reply_always(Reply::Status(503));
    let mut world = World::new(60, vec![webhook("desk", &receiver.url())]).await;
    let silkrate = world.start().await;
    world.serve(&silkrate, "475.11").await;
    until(&world.ledger(), |states| states[0].error.is_some()).await;
    let config = written(world.folder.path(), &world.ledger(), &receiver.url());
    let copy = world.folder.path().join("copy.db");
    let to_copy = ["backup", copy.to_str().unwrap()];
    let (output, out, err) = run_program(&config, &to_copy).await;
    assert!(output.status.success(), "{err}");
    assert!(out.contains("copy.db.webhooks and checked it"), "{out}");
    let (output, _, err) = run_program(&config, &to_copy).await;
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("copy.db.webhooks exists"), "{err}");
    world.serve(&silkrate, "475.12").await;
    silkrate.finish().await;

    // The disk is lost. The copies are put in the places of the files on another one.
    let restored = tempfile::tempdir().unwrap();
    let ledger = restored.path().join("silkrate.db");
    fs::rename(&copy, &ledger).unwrap();
    fs::rename(path_beside(&copy), path_beside(&ledger)).unwrap();
    let waiting = receiver.received()[0].id().to_owned();
    let before = receiver.received().len();
    receiver.reply_always(Reply::Status(204));
    world.config.store = Store::File(ledger.clone());
    world.folder = restored;
    world.clock.set_forward(SignedDuration::from_hours(1));
    let silkrate = world.start().await;
    let delivered = receiver.until(before + 2).await;
    until(&ledger, |states| states[0].pending == 0).await;
    silkrate.finish().await;
    let told = delivered[before..]
        .iter()
        .map(|one| one.json()["data"]["value"].clone());
    assert_eq!(told.collect::<Vec<_>>(), ["475.11", "475.12"]);
    assert_eq!(delivered[before].id(), waiting);
}

#[tokio::test]
async fn a_damaged_file_of_webhooks_is_reported_and_the_ledger_is_copied_all_the_same() {
    let receiver = Receiver::start().await;
    let world = World::new(1, vec![webhook("desk", &receiver.url())]).await;
    world.start().await.finish().await;
    let config = written(world.folder.path(), &world.ledger(), &receiver.url());
    fs::write(path_beside(&world.ledger()), "no database".repeat(1000)).unwrap();
    let copy = world.folder.path().join("copy.db");
    let (output, out, err) = run_program(&config, &["backup", copy.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(out.contains("copy.db and checked it"), "{out}");
    let wanted = "silkrate.db.webhooks cannot be copied: file is not a database";
    assert!(err.contains(wanted), "{err}");
    assert!(copy.exists() && !path_beside(&copy).exists());
}
