//! The client alone, as a program depends on it with `default-features = false`.

use std::collections::BTreeSet;
use std::process::Command;

/// The crates of a build, without the default features or with them.
fn crates(options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["--edges", "normal,build", "--format", "{p}"])
        .args(options)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn the_client_alone_needs_no_database_no_web_server_and_no_client_of_banks() {
    let (light, whole) = (crates(&["--no-default-features"]), crates(&[]));
    for heavy in [
        "rusqlite",
        "libsqlite3-sys",
        "axum",
        "reqwest",
        "clap",
        "serde",
        "tracing-subscriber",
        "tower-http",
    ] {
        assert!(whole.contains(heavy), "{heavy} is gone: name another crate");
        assert!(!light.contains(heavy), "{heavy}");
    }
    assert!(light.contains("tonic") && light.contains("rust_decimal"));
    let (light, whole) = (light.len(), whole.len());
    assert!(light * 5 < whole * 3, "{light} crates of {whole}");
}
