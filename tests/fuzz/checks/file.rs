//! A file with the bytes of an input, for what reads a path.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The folder of this process, in memory where the system has such a folder.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = parent.join(format!("silkrate-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
});

/// The path of a file of this name in the folder of this process.
pub(crate) fn path(name: &str) -> PathBuf {
    FOLDER.join(name)
}

/// Removes the folder of this process.
pub(crate) fn remove_all() {
    drop(fs::remove_dir_all(&*FOLDER));
}

/// Writes the bytes of an input.
pub(crate) fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    fs::write(&path, bytes).expect("the file can be written");
    path
}
