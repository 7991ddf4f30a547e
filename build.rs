//! Compiles the contract with protox, so that nobody needs `protoc`, and keeps its descriptor set for reflection.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const RATES: &str = "silkrate/v1/rates.proto";
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
    tonic_prost_build::configure().compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
