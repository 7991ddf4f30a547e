//! What is in a small file of certificates or keys, which the settings name: read without waiting for a program that writes it,
//! and within a limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The most bytes of a file: a list of every public authority is a quarter of it. What is larger is no file of this kind.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read, is too large, or is no regular file: a pipe blocks its reader until a program writes, and gives what
/// is written once, whereas these files are read again and again; a device may never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Before it is opened, which blocks where a pipe has no writer.
    regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Another file may have its name by now.
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read <= FILE_BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(io::Error::other("it is larger than a mebibyte"))
    }
}

fn regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else {
        let kind = if metadata.is_dir() {
            "a folder"
        } else {
            "a pipe or a device"
        };
        Err(io::Error::other(format!(
            "it is {kind}, not a regular file"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        read(path).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_up_to_a_mebibyte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.pem");
        let largest = vec![b'x'; 1024 * 1024];
        fs::write(&path, &largest).unwrap();
        assert_eq!(read(&path).unwrap(), largest);
        fs::write(&path, [&*largest, b"x"].concat()).unwrap();
        assert_eq!(refusal(&path), "it is larger than a mebibyte");
        assert_eq!(refusal(folder.path()), "it is a folder, not a regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_without_a_writer_and_an_endless_device_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("site.pem");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [&*pipe, Path::new("/dev/zero")] {
            assert_eq!(
                refusal(path),
                "it is a pipe or a device, not a regular file"
            );
        }
    }
}
