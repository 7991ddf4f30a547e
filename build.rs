//! Compiles the contract with protox, so that nobody needs `protoc`, and keeps its descriptor set for reflection. Lists
//! the built files of the web side, so that they are part of the program.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

const RATES: &str = "silkrate/v1/rates.proto";
/// What the build of the web side leaves behind: pages, scripts and styles, all in one folder.
const DIST: &str = "src/web/dist";
const ADMIN: &str = "silkrate/admin/v1/admin.proto";

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its folder this way"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files([RATES, ADMIN])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("silkrate.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    println!("cargo::rerun-if-changed={DIST}");
    fs::write(out.join("files.rs"), files(Path::new(DIST))?)?;
    tonic_prost_build::configure().compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The files of a folder, sorted, as the text of a Rust list of names and contents.
fn files(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(
                entry
                    .file_name()
                    .into_string()
                    .map_err(|name| format!("the name {} in {DIST} is no text", name.display()))?,
            );
        }
    }
    names.sort();
    let mut list = "&[\n".to_owned();
    for name in names {
        let inside = format!("/{DIST}/{name}");
        writeln!(
            list,
            "({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {inside:?}))),"
        )?;
    }
    list.push(']');
    Ok(list)
}
