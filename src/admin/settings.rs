//! The settings in force, for an operator who compares them with a file.

use crate::config::{Config, EffectiveSetting};
use crate::pb::admin as pb;

/// The length of a salt in bytes: too long for a table of digests that was made in advance.
const SALT_BYTES: usize = 16;

/// The settings in force, with digests of a new salt.
pub(super) fn of(config: &Config) -> pb::GetSettingsResponse {
    let salt: [u8; SALT_BYTES] = std::array::from_fn(|_| fastrand::u8(..));
    let settings = config.effective(&salt).into_iter();
    let setting = |setting: EffectiveSetting| pb::Setting {
        from_variable: config.variables.contains(&setting.key),
        key: setting.key,
        value: setting.value,
        digest: setting.digest,
    };
    let file = config.file.as_deref();
    let file = file.and_then(|file| std::path::absolute(file).ok());
    let folder = std::env::current_dir().ok();
    pb::GetSettingsResponse {
        settings: settings.map(setting).collect(),
        file: file.map(|file| file.display().to_string()),
        salt: salt.to_vec(),
        folder: folder.map(|folder| folder.display().to_string()),
        demo: config.demo,
    }
}
