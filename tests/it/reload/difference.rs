//! `silkrate config --diff`, beside the program as a process.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::april::bank_of_april;
use crate::support::program::Program;

/// What the command prints for a running program, of whose file there is another one if it is named.
async fn difference(program: &Program, file: Option<&Path>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silkrate"));
    let admin = format!("http://{}", program.admin);
    command.args(["config", "--diff", "--admin", &admin]);
    if let Some(file) = file {
        command.arg("--config").arg(file);
    }
    // The variables of this process do not count.
    command.env("SILKRATE_SERVER__MAX_STREAMS", "5");
    let output = command.stdin(Stdio::null()).output().await.unwrap();
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
