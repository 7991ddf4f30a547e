//! The examples that the program, the README and the chapters on tables and on the web side print, run against the demo.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_silkrate");

/// The documents whose shell blocks are run.
const DOCUMENTS: &[&str] = &["README.md", "src/tabular/README.md", "src/web/README.md"];
/// Examples that are not run, by their prefix, each with the reason.
const EXEMPT: &[(&str, &str)] = &[
    ("silkrate serve", "it is the server of the other examples"),
    ("silkrate check", "it contacts the real banks"),
    ("silkrate backfill", "it contacts the real banks"),
    ("silkrate backup", "the demo keeps its ledger in memory"),
    ("silkrate webhooks", "the demo has no webhooks"),
    ("silkrate bench", "it loads a server for ten seconds"),
    (
        "silkrate held release",
        "the value is held for a part of a pass",
    ),
    (
        "silkrate held reject",
        "the value is held for a part of a pass",
    ),
    (
        "silkrate config",
        "it reads files that are not there; it needs no server",
    ),
    (
        "silkrate keys",
        "it writes a file of keys; a test of its own does",
    ),
    ("silkrate shared", "the demo runs alone"),
    ("etcd", "it is not installed everywhere"),
    ("cargo test", "it is this"),
    ("grpcurl", "it is not installed everywhere"),
];
/// Examples that run until they are stopped, by their prefix.
const ENDLESS: &[&str] = &["silkrate watch", "curl -N"];
/// How long an endless example may take for its first output on a busy machine.
const ENDLESS_SECONDS: &str = "20";
/// How many of the others run at once: a command waits ten seconds for its answer, which many at once exceed on a busy machine.
const EXAMPLES_AT_ONCE: usize = 4;

/// The demo, and its addresses.
struct Demo {
    _child: Child,
    _output: Lines<BufReader<ChildStdout>>,
    grpc: String,
    web: String,
    admin: String,
}

/// A port that is free now.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

impl Demo {
    async fn start() -> Self {
        let admin = free_port();
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--demo"]).kill_on_drop(true);
        for listener in ["SERVER__LISTEN", "WEB__LISTEN"] {
            command.env(format!("SILKRATE_{listener}"), "127.0.0.1:0");
        }
        command.env("SILKRATE_SERVER__ADMIN_LISTEN", &admin);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut grpc, mut web) = (String::new(), String::new());
        // The first line of the ticker says that rates are served.
        while let Some(line) = output.next_line().await.unwrap() {
            if let Some(rest) = line.strip_prefix("serving gRPC on ") {
                rest.split(';').next().unwrap().clone_into(&mut grpc);
            } else if let Some(rest) = line.strip_prefix("serving browsers on http://") {
                rest.trim_end_matches('/').clone_into(&mut web);
            } else if line.contains("KZT/USD") {
                break;
            }
        }
        assert!(!grpc.is_empty() && !web.is_empty());
        Self {
            _child: child,
            _output: output,
            grpc,
            web,
            admin,
        }
    }

    /// Writes wrappers with the names of the programs that the examples use, which add the address of the demo. The picture of
    /// `top` needs a terminal, so there it is printed once.
    fn install(&self, folder: &Path) {
        let (grpc, admin) = (&self.grpc, &self.admin);
        let silkrate = format!(
            "case \"$1\" in\nrates|watch|convert|history|periods|fixings|sources|currencies|pairs) at='--server http://{grpc}';;\n\
             health|held) at='--admin http://{admin}';;\ntop) at='--server http://{grpc} --admin http://{admin}';;\n\
             esac\ncase \"$*\" in *--server*) at='';; esac\n\
             case \"$*\" in top*--once*) ;; top*) at=\"$at --once\";; esac\n\
             exec '{PROGRAM}' \"$@\" $at\n"
        );
        // A path that leads nowhere is answered too: curl alone would not fail. The next one on the path is the real one.
        let curl = "PATH=${PATH#*:}\nexec curl --fail \"$@\"\n";
        for (name, body) in [
            ("silkrate", silkrate.as_str()),
            ("curl", curl),
            ("jq", "exec cat\n"),
        ] {
            let path = folder.join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Runs an example in a folder of its own and returns what is wrong with it.
    async fn run(&self, example: &str, programs: &Path) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let line = example
            .replace("rates.example:50051", &self.grpc)
            .replace("rates.example:9464", &self.admin)
            .replace("127.0.0.1:50051", &self.grpc)
            .replace("127.0.0.1:8080", &self.web);
        let endless = is_endless(example);
        let mut command = Command::new("timeout");
        let seconds = if endless { ENDLESS_SECONDS } else { "120" };
        let line = format!("PATH='{}':$PATH\n{line}", programs.display());
        command.args([seconds, "sh", "-c", &line]);
        command.current_dir(folder.path()).stdin(Stdio::null());
        let ran = command.output().await.unwrap();
        let files = fs::read_dir(folder.path()).unwrap();
        let written: u64 = files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        let error = String::from_utf8_lossy(&ran.stderr);
        let is_nothing = ran.stdout.is_empty() && written == 0;
        let failed = !ran.status.success() && !endless;
        // `held` prints to the standard error if no value is held.
        let is_nothing = is_nothing && !example.starts_with("silkrate held");
        (failed || is_nothing).then(|| format!("{example}\n{}\n{error}", ran.status))
    }
}

/// The text of the help of every command.
async fn help() -> Vec<String> {
    let mut texts = Vec::new();
    let mut todo = vec![Vec::new()];
    while let Some(words) = todo.pop() {
        let mut command = Command::new(PROGRAM);
        let ran = command.args(&words).arg("--help").output().await.unwrap();
        let text = String::from_utf8(ran.stdout).unwrap();
        let commands = text.split("Commands:\n").nth(1).unwrap_or_default();
        let commands = commands.lines().take_while(|line| line.starts_with("  "));
        for name in commands.filter_map(|line| line.split_whitespace().next()) {
            if name != "help" {
                todo.push([&words[..], &[name.to_owned()]].concat());
            }
        }
        texts.push(text);
    }
    texts
}

/// The examples in a help text: the indented lines with the name of the program, without their comments.
fn of_help(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != "Examples:");
    let examples = lines.filter(|line| line.starts_with("  ") && line.contains("silkrate "));
    let bare = |line: &str| line.trim().split("   ").next().unwrap().trim().to_owned();
    examples.map(bare).collect()
}

/// The commands in a document: the lines of its shell blocks, without their comments, from a built program.
fn of_document(path: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let bare = |line: &str| line.split(" # ").next().unwrap().trim().to_owned();
    let built = |line: String| line.replace("cargo run --release -- ", "silkrate ");
    lines
        .map(bare)
        .filter(|line| !line.is_empty())
        .map(built)
        .collect()
}

/// Whether an example runs until it is stopped.
fn is_endless(example: &str) -> bool {
    let endless = ENDLESS.iter().any(|start| example.starts_with(start));
    endless && !example.contains("--once")
}

/// Whether an example is not run, and which exemption it uses.
fn exemption(example: &str) -> Option<&'static str> {
    // Settings in front of the command.
    let mut words = example.split(' ').skip_while(|word| word.contains('='));
    let command: Vec<_> = words.by_ref().collect();
    let command = command.join(" ");
    let found = EXEMPT.iter().find(|(start, _)| command.starts_with(start));
    found.map(|(start, _)| *start)
}

#[tokio::test]
async fn every_printed_example_succeeds_against_the_demo_and_prints_something() {
    let demo = Demo::start().await;
    let programs = tempfile::tempdir().unwrap();
    demo.install(programs.path());
    let documents = DOCUMENTS.iter().flat_map(|path| of_document(path));
    let mut examples: BTreeSet<String> = documents.collect();
    examples.extend(help().await.iter().flat_map(|text| of_help(text)));
    let used: BTreeSet<_> = examples.iter().filter_map(|one| exemption(one)).collect();
    for (start, reason) in EXEMPT {
        assert!(
            used.contains(start),
            "no example begins with `{start}`: {reason}"
        );
    }
    examples.retain(|example| exemption(example).is_none());
    assert!(examples.len() > 25, "{examples:?}");
    let demo = std::sync::Arc::new(demo);
    let at_once = std::sync::Arc::new(Semaphore::new(EXAMPLES_AT_ONCE));
    let mut running = JoinSet::new();
    for example in examples {
        let (demo, programs) = (std::sync::Arc::clone(&demo), programs.path().to_owned());
        let at_once = std::sync::Arc::clone(&at_once);
        running.spawn(async move {
            // An endless one waits most of its time.
            let _permit = if is_endless(&example) {
                None
            } else {
                at_once.acquire().await.ok()
            };
            demo.run(&example, &programs).await
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(300), running.join_all());
    let wrong: Vec<_> = all.await.unwrap().into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
