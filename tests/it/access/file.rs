//! The keys file: what is read from it, and how it is changed.

use std::num::NonZeroU32;
use std::{fs, io};

use jiff::{SignedDuration, Timestamp};
use silkrate::access::{Key, KeyLimits, KeyRecord, KeysError, KeysFile, NewKey, Scope};

use crate::support::keys::Keys;

const NOW: &str = "2026-04-02T09:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn in_hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn new(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        scope: Scope::Admin,
        expires: Some(in_hours(48)),
        limits: KeyLimits {
            requests_per_minute: NonZeroU32::new(600),
            streams: NonZeroU32::new(20),
        },
    }
}

/// The key was shown.
#[expect(clippy::unnecessary_wraps, reason = "it stands where a print may fail")]
fn seen(_key: &Key, _made: &KeyRecord) -> io::Result<()> {
    Ok(())
}

#[test]
fn a_key_is_read_back_from_the_file_as_it_was_added() {
    let keys = Keys::new();
    let (key, added) = keys.file().add(new("news-desk"), now(), seen).unwrap();
    let read = keys.file().keys().unwrap();
    assert_eq!(read.last(), Some(&added));
    assert_eq!(added.hash, key.hash());
    assert_eq!(added.limits.requests_per_minute, NonZeroU32::new(600));
    assert!(added.has(Scope::Read) && added.has(Scope::Admin));
    let text = fs::read_to_string(keys.path()).unwrap();
    assert!(!text.contains(key.expose()), "{text}");
}

#[cfg(unix)]
#[test]
fn the_file_is_readable_by_its_owner_alone_and_nothing_else_is_left_of_a_change() {
    use std::os::unix::fs::PermissionsExt;

    let keys = Keys::new();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(keys.path()), 0o600);
    assert_eq!(silkrate::access::doubt(&keys.path()), None);
    fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let doubt = silkrate::access::doubt(&keys.path()).unwrap();
    assert!(doubt.contains("mode 644"), "{doubt}");
    keys.add("desk", Scope::Read);
    assert_eq!(mode(keys.path()), 0o600);
    let mut left: Vec<_> = fs::read_dir(keys.path().parent().unwrap())
        .unwrap()
        .collect();
    left.retain(|entry| entry.as_ref().unwrap().path() != keys.path());
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");
}

#[test]
fn a_name_is_that_of_one_valid_key_and_free_again_when_it_is_revoked() {
    let keys = Keys::new();
    let (_, first) = keys.file().add(new("desk"), now(), seen).unwrap();
    let again = keys.file().add(new("desk"), now(), seen).unwrap_err();
    assert_eq!(again, KeysError::NameTaken("desk".to_owned()));
    let revoked = keys.file().revoke("desk", in_hours(1)).unwrap();
    assert_eq!(revoked.id, first.id);
    assert_eq!(revoked.revoked, Some(in_hours(1)));
    let unknown = keys.file().revoke("desk", in_hours(1)).unwrap_err();
    assert_eq!(unknown, KeysError::Unknown("desk".to_owned()));
    let (_, second) = keys.file().add(new("desk"), in_hours(2), seen).unwrap();
    keys.file().revoke(&second.id, in_hours(2)).unwrap();
    for wrong in ["", "two words", "a/b", &"x".repeat(65)] {
        let refused = keys.file().add(new(wrong), now(), seen).unwrap_err();
        assert_eq!(refused, KeysError::BadName(wrong.to_owned()));
    }
}

#[test]
fn a_key_that_is_replaced_stays_valid_for_the_overlap() {
    let keys = Keys::new();
    let (old, added) = keys.file().add(new("desk"), now(), seen).unwrap();
    let (fresh, replaced) = keys
        .file()
        .rotate("desk", (in_hours(24), None), in_hours(1), seen)
        .unwrap();
    assert_ne!(old.hash(), fresh.hash());
    assert_eq!(
        (&replaced.scopes, replaced.limits),
        (&added.scopes, added.limits)
    );
    assert_eq!(replaced.expires, added.expires);
    let read = keys.file().keys().unwrap();
    let of = |id: &str| read.iter().find(|key: &&KeyRecord| key.id == id).unwrap();
    assert!(of(&added.id).check(in_hours(23)).is_ok());
    assert!(of(&added.id).check(in_hours(24)).is_err());
    assert!(of(&replaced.id).check(in_hours(47)).is_ok());
    // A second time, before the overlap is over: neither of the two gets more time.
    let end = Some(in_hours(1000));
    let (_, third) = keys
        .file()
        .rotate("desk", (in_hours(30), end), in_hours(2), seen)
        .unwrap();
    assert_eq!(third.expires, end);
    let read = keys.file().keys().unwrap();
    let ends: Vec<_> = read
        .iter()
        .filter(|key| key.name == "desk")
        .map(|key| key.expires)
        .collect();
    assert_eq!(ends, [Some(in_hours(24)), Some(in_hours(30)), end]);
}

#[test]
fn of_two_valid_keys_with_a_name_one_is_revoked_by_its_id() {
    let keys = Keys::new();
    let (_, old) = keys.file().add(new("desk"), now(), seen).unwrap();
    let (_, fresh) = keys
        .file()
        .rotate("desk", (in_hours(24), None), in_hours(1), seen)
        .unwrap();
    let several = KeysError::SeveralNamed {
        name: "desk".to_owned(),
        ids: vec![old.id.clone(), fresh.id.clone()],
    };
    let refused = keys.file().revoke("desk", in_hours(2)).unwrap_err();
    assert_eq!(refused, several);
    let said = refused.to_string();
    assert!(said.contains(&old.id) && said.contains(&fresh.id), "{said}");
    let revoked = keys.file().revoke(&old.id, in_hours(2)).unwrap();
    assert_eq!(revoked.id, old.id);
    // The name is that of one valid key again.
    assert_eq!(
        keys.file().revoke("desk", in_hours(3)).unwrap().id,
        fresh.id
    );
}

#[test]
fn a_key_that_cannot_be_shown_changes_nothing() {
    let keys = Keys::new();
    keys.add("desk", Scope::Read);
    let before = fs::read_to_string(keys.path()).unwrap();
    let full = |_key: &Key, _made: &KeyRecord| Err(io::Error::other("no space left"));
    let added = keys.file().add(new("other"), now(), full).unwrap_err();
    let until = (in_hours(24), None);
    let rotated = keys.file().rotate("desk", until, now(), full).unwrap_err();
    for refused in [added, rotated] {
        assert_eq!(refused, KeysError::NotShown("no space left".to_owned()));
    }
    assert_eq!(fs::read_to_string(keys.path()).unwrap(), before);
    let left = fs::read_dir(keys.path().parent().unwrap()).unwrap();
    assert_eq!(left.count(), 2, "the file and the lock alone");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_to_the_file_stays_one() {
    let keys = Keys::new();
    let link = keys.path().with_file_name("link.toml");
    std::os::unix::fs::symlink("keys.toml", &link).unwrap();
    let file = KeysFile::new(&link);
    file.add(new("desk"), now(), seen).unwrap();
    assert!(link.is_symlink());
    assert_eq!(keys.file().keys().unwrap().last().unwrap().name, "desk");
    fs::remove_file(keys.path()).unwrap();
    assert!(
        file.add(new("other"), now(), seen).is_err(),
        "it leads nowhere"
    );
    assert!(link.is_symlink());
}

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_line_and_without_a_hash() {
    let keys = Keys::new();
    keys.add("desk", Scope::Read);
    let right = fs::read_to_string(keys.path()).unwrap();
    let hash = right
        .lines()
        .find(|line| line.starts_with("sha256"))
        .unwrap()
        .to_owned();
    for (from, to, expected) in [
        (
            "version = 1",
            "version = 2",
            "line 3: this version of silkrate reads the version 1",
        ),
        (
            "name = \"desk\"",
            "name = \"the desk\"",
            "`the desk` is no name of a key",
        ),
        (
            "name = \"desk\"",
            "nickname = \"desk\"",
            "unknown field `nickname`",
        ),
        (
            "scopes = [\"read\"]",
            "scopes = [\"write\"]",
            "line 5: `write` is no scope",
        ),
        ("scopes = [\"read\"]", "scopes = []", "has no scope"),
        ("scopes = [\"read\"]", "streams = 0", "expected a nonzero"),
        ("created = \"2", "created = \"x2", "created of"),
        (
            &*hash,
            &hash.replace("= \"", "= \"x"),
            "sha256 of `former` has not 64",
        ),
        (&*hash, "sha256 = 5", "line 8"),
        ("[[keys]]", "[[keys", "line 5"),
    ] {
        let wrong = right.replacen(from, to, 1);
        assert_ne!(wrong, right, "{from}");
        fs::write(keys.path(), wrong).unwrap();
        let error = keys.file().keys().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        let digits = hash.split('"').nth(1).unwrap();
        assert!(!error.contains(digits.split_at(16).0), "{error}");
    }
    let id = right.lines().find(|line| line.starts_with("id")).unwrap();
    let twice = right
        .lines()
        .map(|line| if line.starts_with("id") { id } else { line });
    fs::write(keys.path(), twice.collect::<Vec<_>>().join("\n")).unwrap();
    let error = keys.file().keys().unwrap_err().to_string();
    assert!(error.contains("is that of two keys"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_made_with_its_first_key_and_a_broken_one_is_left_alone() {
    let keys = Keys::new();
    let path = keys.path().with_file_name("others.toml");
    let file = KeysFile::new(&path);
    assert_eq!(file.keys(), Err(KeysError::Missing(path.clone())));
    file.add(new("desk"), now(), seen).unwrap();
    assert_eq!(file.keys().unwrap().len(), 1);
    fs::write(&path, "keys = 1").unwrap();
    assert!(file.add(new("other"), now(), seen).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "keys = 1");
}

#[test]
fn commands_that_add_keys_at_the_same_time_lose_none() {
    let keys = Keys::new();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let file = keys.file();
            scope.spawn(move || {
                for number in 0..10 {
                    file.add(new(&format!("desk-{writer}-{number}")), now(), seen)
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(keys.file().keys().unwrap().len(), 41);
}

#[test]
fn an_error_repeats_no_hash_and_no_key_that_stands_in_the_wrong_place() {
    let (hash, key) = (
        "402e9c1e851ae2f4".repeat(4),
        format!("silkrate_{}", "A".repeat(43)),
    );
    let keys = Keys::new();
    for text in [
        format!("version = \"{hash}\"\n"),
        format!("version = 1\n{key} = 7\n"),
    ] {
        fs::write(keys.path(), text).unwrap();
        let error = keys.file().keys().unwrap_err().to_string();
        assert!(error.contains('…'), "{error}");
        assert!(!error.contains(&hash) && !error.contains(&key), "{error}");
    }
}
