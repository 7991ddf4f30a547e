//! What is wrong with settings that a running service is to take over: all that needs neither its ports nor its ledger.

use crate::app::finding::Finding;
use crate::app::preflight::{certificates, keys, pairs, receivers, sources};
use crate::config::{Config, SettingChange};

/// What is wrong with other settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadFindings {
    /// Why a reload is refused: what is to change cannot work.
    pub refused: Vec<Finding>,
    /// What is wrong besides, and refuses nothing: it was so before, or shows at a restart.
    pub doubtful: Vec<Finding>,
}

/// What is wrong with other settings, which differ by `changes` from those in force. What was so before is not found again. Files
/// are read, and no bank is asked.
pub fn of_reload(next: &Config, changes: &[SettingChange]) -> ReloadFindings {
    let found = certificates(next)
        .chain(keys(next))
        .chain(pairs(next))
        .chain(sources(next))
        .chain(receivers(next));
    let (refused, doubtful) = found
        .filter(|finding| is_concerned(&finding.key, changes))
        .partition(|finding| is_refused(&finding.key, changes));
    ReloadFindings { refused, doubtful }
}

/// Whether what is found about a setting may come from what differs.
fn is_concerned(key: &str, changes: &[SettingChange]) -> bool {
    let is_changed = |of: &str| is_changed(changes, of);
    match key.split('.').next() {
        // A source that comes, goes, or has another kind quotes other pairs.
        Some("ticker") => {
            let ends = [".enabled", ".kind"];
            let mut keys = changes.iter().map(|change| &change.key);
            is_changed("ticker") || keys.any(|key| ends.iter().any(|end| key.ends_with(end)))
        }
        Some("sources" | "webhooks") => is_changed(table(key)) || is_changed("http"),
        _ => is_changed(table(key)),
    }
}

/// Whether a reload would bring what is found about a setting into the running service.
fn is_refused(key: &str, changes: &[SettingChange]) -> bool {
    match key.split('.').next() {
        // Pairs that a disabled source leaves without rates are no reason to go on polling it.
        Some("ticker") => is_changed(changes, key),
        Some("sources") => key.ends_with(".base_url"),
        Some("webhooks" | "access") => true,
        // Certificates: other files are read at a restart.
        _ => false,
    }
}

/// Whether a setting differs, or one of a table.
fn is_changed(changes: &[SettingChange], of: &str) -> bool {
    changes.iter().any(|change| {
        let rest = change.key.strip_prefix(of);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn table(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(table, _)| table)
}
