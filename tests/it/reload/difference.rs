//! `silkrate config --diff`, beside the program as a process.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::april::bank_of_april;
use crate::support::program::Program;

/// The command for the operators' port at an address, of whose file there is another one if it is named.
async fn compare(admin: &str, file: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    let admin = format!("http://{admin}");
    command.args(["config", "--diff", "--admin", &admin]);
    if let Some(file) = file {
        command.arg("--config").arg(file);
    }
    // The variables of this process do not count.
    command.env("SILKRATE_SERVER__MAX_STREAMS", "5");
    command.stdin(Stdio::null()).output().await.unwrap()
}

/// What it prints, when nothing would be refused.
async fn difference(program: &Program, file: Option<&Path>) -> String {
    let output = compare(&program.admin, file).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn webhook(secret: u8) -> String {
    let secret = STANDARD.encode([secret; 32]);
    format!(
        "[[webhooks]]\nname = \"desk\"\nurl = \"https://desk.example/t0ken\"\nsecret = \"whsec_{secret}\"\n"
    )
}

#[tokio::test]
async fn the_command_prints_what_a_reload_would_change_and_after_it_that_nothing_differs() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let (file, other) = (
        folder.path().join("silkrate.toml"),
        folder.path().join("new.toml"),
    );
    fs::write(&file, webhook(1)).unwrap();
    let arguments = ["--config", file.to_str().unwrap()];
    let settings = [
        ("SERVER__MAX_CONNECTIONS", "77"),
        ("TICKER__PREFER", "home,cbr"),
    ];
    let mut program = Program::start_with(&bank.url(), &settings, &arguments).await;
    let heading = |file: &Path| {
        let (file, admin) = (file.display(), &program.admin);
        format!("{file}, compared with what http://{admin} has in force\n")
    };
    let (of_file, of_other) = (heading(&file), heading(&other));
    assert_eq!(
        difference(&program, None).await,
        format!("{of_file}\nnothing differs\n")
    );

    // The variables of the service hold whatever a file says.
    let changed = format!(
        "[server]\nmax_streams = 100\nmax_connections = 100\n[ticker]\nprefer = [\"cbr\"]\n[sources.nbk]\ninterval = \"5m\"\n{}",
        webhook(2)
    );
    fs::write(&other, &changed).unwrap();
    let differs = "
a reload applies (SIGHUP, systemctl reload silkrate):
  sources.nbk.interval: \"15m\" -> \"5m\"
  webhooks.desk.secret: changed, not shown

a restart alone applies:
  server.max_streams: 65536 -> 100
";
    assert_eq!(
        difference(&program, Some(&other)).await,
        format!("{of_other}{differs}")
    );
    assert_eq!(
        difference(&program, None).await,
        format!("{of_file}\nnothing differs\n")
    );
    fs::write(&file, &changed).unwrap();
    assert_eq!(
        difference(&program, None).await,
        format!("{of_file}{differs}")
    );

    program.signal("HUP").await;
    program.message("reloaded the configuration").await;
    let left = "\na restart alone applies:\n  server.max_streams: 65536 -> 100\n";
    assert_eq!(difference(&program, None).await, format!("{of_file}{left}"));
    program.stop().await;
}

#[tokio::test]
async fn the_command_says_what_is_wrong_with_the_file_and_where_no_server_answers() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let program = Program::start(&bank.url(), &[]).await;
    let file = folder.path().join("silkrate.toml");
    fs::write(&file, "[web]\npublic_url = 5\n").unwrap();
    let run = async |admin: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
        command
            .args(["config", "--diff", "--admin", admin, "--config"])
            .arg(&file);
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, error) = run(&format!("http://{}", program.admin)).await;
    assert_eq!(code, Some(64), "{error}");
    assert!(error.contains("`web.public_url`"), "{error}");
    let (code, error) = run("http://127.0.0.1:9").await;
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("127.0.0.1:9"), "{error}");
    program.stop().await;
}

#[tokio::test]
async fn what_a_reload_would_refuse_is_an_error_and_what_shows_later_a_warning() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    let file = folder.path().join("silkrate.toml");
    let ticker = "[ticker]\npairs = [\"KZT/USD\"]\n";
    fs::write(&file, ticker).unwrap();
    let arguments = ["--config", file.to_str().unwrap()];
    let mut program = Program::start_with(&bank.url(), &[], &arguments).await;

    fs::write(&file, ticker.replace("KZT/USD", "EUR/XXX")).unwrap();
    let output = compare(&program.admin, None).await;
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("`ticker.pairs`: `EUR/XXX` cannot exist: "),
        "{error}"
    );
    program.signal("HUP").await;
    let refused = program
        .message("the configuration is not reloaded, and nothing changes")
        .await;
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("`EUR/XXX` cannot exist"), "{error}");

    // A file without a private key, which is read at a restart; and a source whose pair stays in the ticker.
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/bank.pem");
    let doubtful = format!(
        "{ticker}[web.tls]\ncertificate = {certificate:?}\nkey = {certificate:?}\n[sources.nbk]\nenabled = false\n"
    );
    fs::write(&file, doubtful).unwrap();
    let printed = difference(&program, None).await;
    for warning in [
        "\nwarning: `web.tls.key`: ",
        "\nwarning: `ticker.pairs`: `KZT/USD` cannot exist: ",
    ] {
        assert!(printed.contains(warning), "{printed}");
    }
    program.signal("HUP").await;
    let reloaded = |line: &serde_json::Value| line["message"] == "reloaded the configuration";
    program.line(reloaded).await;
    let is_of =
        |key, line: &serde_json::Value| line["setting"] == key && line["remedy"].is_string();
    program.line(|line| is_of("web.tls.key", line)).await;
    program.line(|line| is_of("ticker.pairs", line)).await;
    program.stop().await;
}

#[tokio::test]
async fn a_relative_path_that_a_variable_names_begins_in_the_folder_of_the_server() {
    let (bank, folder) = (bank_of_april().await, TempDir::new().unwrap());
    fs::write(folder.path().join("vendor.key"), "a-key-of-a-vendor").unwrap();
    let settings = [
        ("SOURCES__MARKET__ENABLED", "true"),
        ("SOURCES__MARKET__BASE_URL", &bank.url()),
        ("SOURCES__MARKET__API_KEY_FILE", "vendor.key"),
    ];
    let program = Program::start_in(folder.path(), &bank.url(), &settings, &[]).await;
    let printed = difference(&program, None).await;
    let admin = &program.admin;
    assert_eq!(
        printed,
        format!("no file, compared with what http://{admin} has in force\n\nnothing differs\n")
    );
    program.stop().await;
}

#[tokio::test]
async fn beside_a_demo_the_command_prints_what_a_demo_uses_of_a_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("silkrate.toml");
    let settings = "[sources.nbk]\ninterval = \"1h\"\n[log]\nlevel = \"debug\"\n";
    fs::write(&file, settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    command.args(["serve", "--demo", "--config"]).arg(&file);
    for port in ["SERVER__LISTEN", "SERVER__ADMIN_LISTEN", "WEB__LISTEN"] {
        command.env(format!("SILKRATE_{port}"), "127.0.0.1:0");
    }
    command.stdout(Stdio::piped()).kill_on_drop(true);
    let mut demo = command.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let admin = loop {
        let line = lines.next_line().await.unwrap().expect("it serves");
        if let Some(url) = line.strip_prefix("serving probes and metrics on http://") {
            break url.strip_suffix("/metrics").unwrap().to_owned();
        }
    };
    let heading = format!(
        "{}, compared with what http://{admin} has in force
a demo (serve --demo): of a file it uses the sections server, admin, web, access, shared, log, trace
",
        file.display()
    );
    let printed = async || {
        let mut output = compare(&admin, None).await;
        // It says where it serves before it does.
        while String::from_utf8_lossy(&output.stderr).contains("opens its ledger") {
            output = compare(&admin, None).await;
        }
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(printed().await, format!("{heading}\nnothing differs\n"));
    fs::write(&file, "[web]\nallowed_origins = [\"https://site.example\"]\n[trace]\nendpoint = \"http://127.0.0.1:4317\"\n").unwrap();
    let differs = "
a reload applies (SIGHUP, systemctl reload silkrate):
  web.allowed_origins: [] -> [\"https://site.example\"]

a restart alone applies:
  trace.endpoint: \"http://127.0.0.1:4317\", not set before
  trace.sample: \"100%\", not set before
";
    assert_eq!(printed().await, format!("{heading}{differs}"));
}
