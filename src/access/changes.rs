//! Changes of the keys file: one process at a time, and the file is whole at every moment.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::access::file::{self, KEYS_MAX, is_name, with_suffix};
use crate::access::{Key, KeyLimits, KeyRecord, KeysError, Scope};

/// The letters of an id: it is typed by operators, so none of them looks like another.
const ID_LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// How many letters an id has: of four thousand keys no two have the same by chance, and another one is taken if they do.
const ID_LENGTH: usize = 8;

/// What a new key is made of.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name for operators.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// From when on it is not valid any more.
    pub expires: Option<Timestamp>,
    /// Its own limits.
    pub limits: KeyLimits,
}

/// The keys file of a command.
#[derive(Debug)]
pub struct KeysFile {
    path: PathBuf,
}

impl KeysFile {
    /// The file at a path. It need not exist.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The keys.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn keys(&self) -> Result<Vec<KeyRecord>, KeysError> {
        file::parse(&self.path, &file::read(&self.path)?)
    }

    /// Adds a key, and makes the file if there is none.
    ///
    /// # Errors
    /// When the name is none, or that of a valid key, or the file cannot be used or written.
    pub fn add(&self, new: NewKey, now: Timestamp) -> Result<(Key, KeyRecord), KeysError> {
        if !is_name(&new.name) {
            return Err(KeysError::BadName(new.name));
        }
        self.change(|keys| {
            let is_taken = |key: &&KeyRecord| key.name == new.name && key.check(now).is_ok();
            if keys.iter().any(|key| is_taken(&key)) {
                return Err(KeysError::NameTaken(new.name));
            }
            added(keys, new, now)
        })
    }

    /// Revokes the valid keys with an id or a name, from now on.
    ///
    /// # Errors
    /// When there is none, or the file cannot be used or written.
    pub fn revoke(&self, named: &str, now: Timestamp) -> Result<Vec<KeyRecord>, KeysError> {
        self.change(|keys| {
            let mut revoked = Vec::new();
            for key in keys.iter_mut().filter(|key| is_meant(key, named, now)) {
                key.revoked = Some(now);
                revoked.push(key.clone());
            }
            if revoked.is_empty() {
                return Err(KeysError::Unknown(named.to_owned()));
            }
            Ok(revoked)
        })
    }

    /// Adds a key in the place of the valid ones with an id or a name, which end at `until` unless they end earlier. It expires
    /// when they would have, unless an end is given.
    ///
    /// # Errors
    /// As for [`KeysFile::revoke`].
    pub fn rotate(
        &self,
        named: &str,
        until: Timestamp,
        end: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Key, KeyRecord), KeysError> {
        self.change(|keys| {
            let mut newest: Option<KeyRecord> = None;
            for key in keys.iter_mut().filter(|key| is_meant(key, named, now)) {
                let is_newer = |known: &KeyRecord| known.created <= key.created;
                if newest.as_ref().is_none_or(is_newer) {
                    newest = Some(key.clone());
                }
                key.expires = Some(key.expires.map_or(until, |expires| expires.min(until)));
            }
            let KeyRecord {
                name,
                scopes,
                expires,
                limits,
                ..
            } = newest.ok_or_else(|| KeysError::Unknown(named.to_owned()))?;
            let scope = scopes.last().copied().unwrap_or(Scope::Read);
            let new = NewKey {
                name,
                scope,
                expires: end.or(expires),
                limits,
            };
            added(keys, new, now)
        })
    }

    /// Reads the file, changes its keys, and replaces it. Other processes that change it wait meanwhile.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<KeyRecord>) -> Result<T, KeysError>,
    ) -> Result<T, KeysError> {
        let unwritable = |error: io::Error| KeysError::Unwritable {
            path: self.path.clone(),
            reason: error.to_string(),
        };
        let lock = private(&with_suffix(&self.path, ".lock"), false).map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        let mut keys = match self.keys() {
            Err(KeysError::Missing(_)) => Vec::new(),
            read => read?,
        };
        let done = change(&mut keys)?;
        replace(&self.path, &file::text(&keys)).map_err(unwritable)?;
        Ok(done)
    }
}

/// Whether a valid key is meant by an id or a name.
fn is_meant(key: &KeyRecord, named: &str, now: Timestamp) -> bool {
    (key.id == named || key.name == named) && key.check(now).is_ok()
}

fn added(
    keys: &mut Vec<KeyRecord>,
    new: NewKey,
    now: Timestamp,
) -> Result<(Key, KeyRecord), KeysError> {
    if keys.len() >= KEYS_MAX {
        return Err(KeysError::Full(KEYS_MAX));
    }
    let key = Key::generate().map_err(|_none| KeysError::NoRandomness)?;
    let mut ids = std::iter::repeat_with(id);
    let id = ids.find(|id| keys.iter().all(|known| known.id != *id));
    let record = KeyRecord {
        id: id.unwrap_or_default(),
        name: new.name,
        hash: key.hash(),
        scopes: [new.scope].into(),
        created: whole_second(now),
        expires: new.expires.map(whole_second),
        revoked: None,
        limits: new.limits,
    };
    keys.push(record.clone());
    Ok((key, record))
}

/// An id by chance. It is no secret.
fn id() -> String {
    let letters = std::iter::repeat_with(|| fastrand::choice(ID_LETTERS).copied());
    letters.flatten().take(ID_LENGTH).map(char::from).collect()
}

/// An instant without its fraction of a second, which no operator reads.
fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

/// Opens a file for writing that its owner alone may read.
fn private(path: &Path, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(is_new);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Replaces a file in one step: a service that reads it meanwhile, and one that starts after a loss of power, finds the file
/// as it was or as it is.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let next = with_suffix(path, ".new");
    // What a command left that was killed may have other rights.
    if next.exists() {
        fs::remove_file(&next)?;
    }
    let mut file = private(&next, true)?;
    keep_owner(path, &file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Gives a file the owner of the one that it replaces, or of its folder: an administrator who adds a key must not lock out the
/// service.
#[cfg(unix)]
fn keep_owner(path: &Path, next: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let wanted =
        fs::metadata(path).or_else(|_new| fs::metadata(folder.unwrap_or(Path::new("."))))?;
    let made = next.metadata()?;
    if (wanted.uid(), wanted.gid()) == (made.uid(), made.gid()) {
        return Ok(());
    }
    match fchown(next, Some(wanted.uid()), Some(wanted.gid())) {
        // Only an administrator may give files away; another user keeps what is his.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        given => given,
    }
}

#[cfg(not(unix))]
fn keep_owner(_path: &Path, _next: &File) -> io::Result<()> {
    Ok(())
}
