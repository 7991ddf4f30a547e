//! `silkrate keys`, and the commands that send a key.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use silkrate::access::{Key, Scope};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::april::bank_of_april;
use crate::support::keys::Keys;
use crate::support::program::Program;

async fn ran(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_silkrate"))
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("SILKRATE_ACCESS_KEY")
        .env_remove("SILKRATE_ACCESS_KEY_FILE")
        .output()
        .await
        .unwrap()
}

async fn keys(file: &Path, arguments: &[&str]) -> Output {
    let file = file.display().to_string();
    ran(&[&["keys"], arguments, &["--file", &file]].concat()).await
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// The states of the keys with a name, in the order of the file.
async fn states(file: &Path, name: &str) -> Vec<String> {
    let listed = keys(file, &["list", "--json"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let of_name = listed["keys"].as_array().unwrap().iter();
    let of_name = of_name.filter(|key| key["name"] == name);
    of_name
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_printed_once_listed_by_its_hash_replaced_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let added = keys(
        &file,
        &["add", "desk", "--expires", "90d", "--streams", "5"],
    )
    .await;
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let key = Key::parse(text(&added.stdout).trim_end()).expect("stdout has the key alone");
    assert!(text(&added.stderr).contains("not shown again"), "{added:?}");
    let listed = keys(&file, &["list"]).await;
    let listed = text(&listed.stdout);
    assert!(
        listed.contains("desk") && listed.contains(&key.hash().shown()),
        "{listed}"
    );
    let whole = fs::read_to_string(&file).unwrap();
    let hash = whole
        .lines()
        .find(|line| line.starts_with("sha256"))
        .unwrap();
    assert!(
        !listed.contains(hash.split('"').nth(1).unwrap()),
        "{listed}"
    );
    assert_eq!(keys(&file, &["add", "desk"]).await.status.code(), Some(64));
    let rotated = keys(&file, &["rotate", "desk", "--overlap", "1h", "--json"]).await;
    let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert!(Key::parse(rotated["key"].as_str().unwrap()).is_some());
    assert_eq!(rotated["streams"], 5);
    assert_eq!(states(&file, "desk").await, ["valid", "valid"]);
    let several = keys(&file, &["revoke", "desk"]).await;
    assert_eq!(several.status.code(), Some(64), "{several:?}");
    let id = rotated["id"].as_str().unwrap();
    assert!(text(&several.stderr).contains(id), "{several:?}");
    assert_eq!(states(&file, "desk").await, ["valid", "valid"]);
    let revoked = keys(&file, &["revoke", id]).await;
    assert!(
        text(&revoked.stdout).starts_with("revoked desk (id "),
        "{revoked:?}"
    );
    assert_eq!(states(&file, "desk").await, ["valid", "revoked"]);
    assert_eq!(
        keys(&file, &["revoke", "nothing"]).await.status.code(),
        Some(64)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_has_leaked_is_replaced_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    keys(&file, &["add", "desk"]).await;
    let rotated = keys(&file, &["rotate", "desk", "--overlap", "0s"]).await;
    assert_eq!(rotated.status.code(), Some(0), "{rotated:?}");
    assert_eq!(states(&file, "desk").await, ["expired", "valid"]);
    for (option, wrong) in [("--overlap", "yesterday"), ("--expires", "2001-01-01")] {
        let refused = keys(&file, &["rotate", "desk", option, wrong]).await;
        assert_eq!(refused.status.code(), Some(64), "{refused:?}");
        assert!(text(&refused.stderr).contains(option), "{refused:?}");
    }
    for (option, bounds) in [("--requests-per-minute", "60.."), ("--streams", "1..")] {
        let refused = keys(&file, &["add", "other", option, "0"]).await;
        assert_eq!(refused.status.code(), Some(64), "{refused:?}");
        assert!(
            text(&refused.stderr).contains(&format!("0 is not in {bounds}")),
            "{refused:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_print_is_lost_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let command = format!(
        "'{}' keys add desk --file '{}'",
        env!("CARGO_BIN_EXE_silkrate"),
        file.display()
    );
    for lost in ["> /dev/full", ">&-", "> /dev/null"] {
        for format in ["", "--json"] {
            let ran = Command::new("sh")
                .args(["-c", &format!("{command} {format} {lost}")])
                .output();
            let ran = ran.await.unwrap();
            assert_eq!(ran.status.code(), Some(1), "{lost}: {ran:?}");
            assert!(
                text(&ran.stderr).contains("the new key cannot be printed"),
                "{lost}: {ran:?}"
            );
            assert!(!file.exists(), "{lost}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_in_the_file_that_the_service_reads_wherever_the_command_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let (service, other) = (folder.path().join("service"), folder.path().join("other"));
    fs::create_dir(&service).unwrap();
    fs::create_dir(&other).unwrap();
    fs::write(
        service.join("silkrate.toml"),
        "[access]\nkeys = \"keys.toml\"\n",
    )
    .unwrap();
    let added = Command::new(env!("CARGO_BIN_EXE_silkrate"))
        .args([
            "keys",
            "add",
            "desk",
            "--config",
            "../service/silkrate.toml",
        ])
        .current_dir(&other)
        .output()
        .await
        .unwrap();
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let file = service.join("keys.toml").canonicalize().unwrap();
    let said = format!(" in {}; ", file.display());
    assert!(text(&added.stderr).contains(&said), "{added:?}");
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_send_the_key_of_a_file_or_of_the_environment() {
    let keys = Keys::new();
    let (reader, operator) = (
        keys.add("reader", Scope::Read),
        keys.add("operator", Scope::Admin),
    );
    let bank = bank_of_april().await;
    let path = keys.path().display().to_string();
    let variables = [
        ("ACCESS__KEYS", path.as_str()),
        ("ACCESS__REQUIRED", "true"),
    ];
    let mut program = Program::start(&bank.url(), &variables).await;
    program.has_rates().await;
    let folder = tempfile::tempdir().unwrap();
    let reader_file = file(&folder, "reader.key", &format!("{}\n", reader.expose()));
    let operator_file = file(&folder, "operator.key", operator.expose());
    let (server, admin) = (
        format!("http://{}", program.grpc),
        format!("http://{}", program.admin),
    );
    let rates = ["rates", "KZT/USD", "--server", &server];
    let held = ["held", "--admin", &admin];
    let refused = ran(&rates).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        text(&refused.stderr).contains("--access-key-file"),
        "{refused:?}"
    );
    for (command, key, expected) in [
        (&rates[..], &reader_file, 0),
        (&rates[..], &operator_file, 0),
        (&held[..], &operator_file, 0),
        (&held[..], &reader_file, 1),
    ] {
        let output = ran(&[command, &["--access-key-file", key]].concat()).await;
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
    }
    let by_variable = Command::new(env!("CARGO_BIN_EXE_silkrate"))
        .args(rates)
        .env("SILKRATE_ACCESS_KEY", reader.expose())
        .output()
        .await
        .unwrap();
    assert!(
        text(&by_variable.stdout).contains("KZT/USD"),
        "{by_variable:?}"
    );
    let top = ran(&[
        "top",
        "--once",
        "--server",
        &server,
        "--admin",
        &admin,
        "--access-key-file",
        &operator_file,
    ])
    .await;
    assert_eq!(top.status.code(), Some(0), "{top:?}");
    let health = ran(&["health", "--admin", &admin]).await;
    assert_eq!(
        text(&health.stdout).lines().last(),
        Some("ready"),
        "{health:?}"
    );
    program.stop().await;
}

/// A file with a text, and its path.
fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_key_is_named_and_a_key_is_not_sent_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    for (key, expected) in [
        (file(&folder, "empty.key", ""), "there is no key in it"),
        (file(&folder, "two.key", "a\nb\n"), "there is no key in it"),
        ("/nowhere/reader.key".to_owned(), "/nowhere/reader.key"),
    ] {
        let output = ran(&[&["rates"][..], &["--access-key-file", &key]].concat()).await;
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
    let key = file(&folder, "reader.key", Key::generate().unwrap().expose());
    let far = [
        "rates",
        "--server",
        "http://rates.example",
        "--access-key-file",
        &key,
    ];
    let exposed = ran(&far).await;
    assert_eq!(exposed.status.code(), Some(64), "{exposed:?}");
    assert!(
        text(&exposed.stderr).contains("in the clear"),
        "{exposed:?}"
    );
}
