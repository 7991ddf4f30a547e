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

    /// Adds a key, and makes the file if there is none. The key is shown before it is in the file: one that could not be shown is
    /// not added.
    ///
    /// # Errors
    /// When the name is none, or that of a valid key, the key cannot be shown, or the file cannot be used or written.
    pub fn add(
        &self,
        new: NewKey,
        now: Timestamp,
        show: impl FnOnce(&Key, &KeyRecord) -> io::Result<()>,
    ) -> Result<(Key, KeyRecord), KeysError> {
        if !is_name(&new.name) {
            return Err(KeysError::BadName(new.name));
        }
        let add = |keys: &mut Vec<KeyRecord>| {
            let is_taken = |key: &&KeyRecord| key.name == new.name && key.check(now).is_ok();
            if keys.iter().any(|key| is_taken(&key)) {
                return Err(KeysError::NameTaken(new.name));
            }
            added(keys, new, now)
        };
        self.change(add, |(key, record)| show(key, record))
    }

    /// Revokes the valid key with an id or a name, from now on.
    ///
    /// # Errors
    /// When there is none, or several have the name, or the file cannot be used or written.
    pub fn revoke(&self, named: &str, now: Timestamp) -> Result<KeyRecord, KeysError> {
        let revoke = |keys: &mut Vec<KeyRecord>| {
            let mut meant = meant(keys, named, now)?;
            match &mut meant[..] {
                [key] => {
                    key.revoked = Some(now);
                    Ok(key.clone())
                }
                several => Err(KeysError::SeveralNamed {
                    name: named.to_owned(),
                    ids: several.iter().map(|key| key.id.clone()).collect(),
                }),
            }
        };
        self.change(revoke, |_revoked| Ok(()))
    }

    /// Adds a key in the place of the valid ones with an id or a name, which end at `until` unless they end earlier. It expires
    /// when they would have, unless an end is given, and is shown as by [`KeysFile::add`].
    ///
    /// # Errors
    /// When there is none, the key cannot be shown, or the file cannot be used or written.
    pub fn rotate(
        &self,
        named: &str,
        (until, end): (Timestamp, Option<Timestamp>),
        now: Timestamp,
        show: impl FnOnce(&Key, &KeyRecord) -> io::Result<()>,
    ) -> Result<(Key, KeyRecord), KeysError> {
        let rotate = |keys: &mut Vec<KeyRecord>| {
            let mut newest: Option<KeyRecord> = None;
            for key in meant(keys, named, now)? {
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
        };
        self.change(rotate, |(key, record)| show(key, record))
    }

    /// Reads the file, changes its keys, shows the outcome, and replaces it. Other processes that change it wait meanwhile.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<KeyRecord>) -> Result<T, KeysError>,
        show: impl FnOnce(&T) -> io::Result<()>,
    ) -> Result<T, KeysError> {
        let unwritable = |error: io::Error| KeysError::Unwritable {
            path: self.path.clone(),
            reason: error.to_string(),
        };
        let target = target(&self.path).map_err(unwritable)?;
        let lock = private(&with_suffix(&target, ".lock"), false).map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        let mut keys = match self.keys() {
            Err(KeysError::Missing(_)) => Vec::new(),
            read => read?,
        };
        let done = change(&mut keys)?;
        let next = written_beside(&target, &file::text(&keys)).map_err(unwritable)?;
        if let Err(error) = show(&done) {
            // What is left of it has no effect.
            let _left = fs::remove_file(&next);
            return Err(KeysError::NotShown(error.to_string()));
        }
        replace(&target, &next).map_err(unwritable)?;
        Ok(done)
    }
}

/// The valid keys that are meant by an id, or else by a name: at least one.
fn meant<'a>(
    keys: &'a mut [KeyRecord],
    named: &str,
    now: Timestamp,
) -> Result<Vec<&'a mut KeyRecord>, KeysError> {
    let is_id = keys.iter().any(|key| key.id == named);
    let keys = keys.iter_mut().filter(|key| {
        let is_meant = if is_id {
            key.id == named
        } else {
            key.name == named
        };
        is_meant && key.check(now).is_ok()
    });
    let meant: Vec<_> = keys.collect();
    if meant.is_empty() {
        return Err(KeysError::Unknown(named.to_owned()));
    }
    Ok(meant)
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

/// The file behind a path: a symbolic link stays one, and what it leads to is replaced.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            Ok(path.to_owned())
        }
        found => found,
    }
}

/// Writes what is to be in the place of a file into one beside it.
fn written_beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    let next = with_suffix(path, ".new");
    // What a command left that was killed may have other rights.
    if next.exists() {
        fs::remove_file(&next)?;
    }
    let mut file = private(&next, true)?;
    keep_owner(path, &file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(next)
}

/// Replaces a file in one step: a service that reads it meanwhile, and one that starts after a loss of power, finds the file
/// as it was or as it is.
fn replace(path: &Path, next: &Path) -> io::Result<()> {
    fs::rename(next, path)?;
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
