//! The keys file: an error does not repeat a hash, and the keys of a file are still there when another one is added.

use jiff::Timestamp;
use silkrate::access::{KeyLimits, KeysError, KeysFile, NewKey, Scope};

use crate::checks::{file, prose};

/// As many letters in a row as a hash has at least when a part of it is missing.
const SECRET_LETTERS: usize = 32;

fn check(error: &KeysError) {
    let sentence = error.to_string();
    prose::check(&sentence);
    let mut words = sentence.split(|letter: char| !letter.is_ascii_alphanumeric());
    assert!(
        !words.any(|word| word.len() >= SECRET_LETTERS),
        "{sentence}"
    );
}

pub(crate) fn run(bytes: &[u8]) {
    let keys_file = KeysFile::new(&file::write("keys.toml", bytes));
    let keys = match keys_file.keys() {
        Ok(keys) => keys,
        Err(error) => return check(&error),
    };
    let new = NewKey {
        name: "added".to_owned(),
        scope: Scope::Read,
        expires: None,
        limits: KeyLimits::default(),
    };
    match keys_file.add(new, Timestamp::UNIX_EPOCH, |_key, _made| Ok(())) {
        Ok((key, added)) => {
            assert_eq!(added.hash, key.hash());
            let after = keys_file.keys().expect("a file that was written is read");
            assert_eq!(after, [keys, vec![added]].concat());
        }
        Err(KeysError::NameTaken(_)) => {}
        Err(error) => check(&error),
    }
}
