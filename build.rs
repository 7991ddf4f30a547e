//! Compiles the contract with protox, so that no `protoc` is needed, and keeps its descriptor set for reflection. Lists
//! the built files of the web side, so that they are part of the program. The client alone needs neither the web side nor the
//! generated servers.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

const RATES: &str = "silkrate/v1/rates.proto";
/// What the build of the web side leaves behind: pages, scripts and styles, all in one folder.
const DIST: &str = "src/web/dist";
/// The description of the JSON interface; its compressed copies are in the same folder.
const OPENAPI: &str = "src/web/openapi.json";
/// What the name of a compressed copy adds to the name of its file.
const GZIP: &str = ".gz";
const BROTLI: &str = ".br";
const ADMIN: &str = "silkrate/admin/v1/admin.proto";
/// What replicas write for each other, and the part of the interface of etcd by which they do: clients never see them, so they
/// are not in the descriptor set.
const OF_REPLICAS: [&str; 2] = ["silkrate/log/v1/log.proto", "etcdserverpb/rpc.proto"];

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
    let is_service = env::var_os("CARGO_FEATURE_SERVICE").is_some();
    if is_service {
        println!("cargo::rerun-if-changed={DIST}");
        fs::write(out.join("static_files.rs"), static_files()?)?;
        let mut compiler = protox::Compiler::new(["proto"])?;
        compiler.open_files(OF_REPLICAS)?;
        tonic_prost_build::configure()
            .build_server(false)
            .compile_fds(compiler.file_descriptor_set())?;
    }
    tonic_prost_build::configure()
        .build_server(is_service)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The static files, sorted by path, as the text of a Rust list: the path of each, its bytes, and those of its compressed
/// copies.
fn static_files() -> Result<String, Box<dyn Error>> {
    let mut files = vec![("/v1/openapi.json".to_owned(), OPENAPI.to_owned())];
    let names = names(Path::new(DIST))?;
    let is_copy = |name: &&String| name.ends_with(GZIP) || name.ends_with(BROTLI);
    for name in names.iter().filter(|name| !is_copy(name)) {
        files.push((format!("/{name}"), format!("{DIST}/{name}")));
    }
    files.sort();
    let mut list = "&[\n".to_owned();
    for (path, file) in files {
        let name = file.rsplit('/').next().unwrap_or_default();
        let copy = |extension: &str| {
            let copy = format!("{name}{extension}");
            if names.contains(&copy) {
                format!("Some({})", include(&format!("{DIST}/{copy}")))
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            list,
            "EmbeddedFile {{ path: {path:?}, plain: {}, gzip: {}, brotli: {} }},",
            include(&file),
            copy(GZIP),
            copy(BROTLI)
        )?;
    }
    list.push(']');
    Ok(list)
}

/// The Rust expression for the bytes of a file.
fn include(file: &str) -> String {
    let file = format!("/{file}");
    format!("include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {file:?}))")
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let name = entry.file_name().into_string();
            names.push(name.map_err(|name| format!("{} is not UTF-8", name.display()))?);
        }
    }
    Ok(names)
}
