//! `silkrate config --diff`: what a reload of a running server would change.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::server::AdminArgs;
use crate::config::{Config, EffectiveSetting, SettingChange, differences, variable};
use crate::pb::admin::{GetSettingsResponse, Setting};

/// Compares a file, or the one that the server reads, with the settings that the server has in force, and prints what differs.
pub(super) async fn run(
    file: Option<&Path>,
    admin: &AdminArgs,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let admin = admin.client()?;
    let in_force = admin.settings().await?;
    let of_server = in_force.file.as_ref().map(PathBuf::from);
    let file = file.or(of_server.as_deref());
    let name = file.map_or("no file".into(), Path::to_string_lossy);
    let changes = changes(file, in_force)?;
    let (name, url) = (without_controls(&name), admin.url());
    writeln!(out, "{name}, compared with what {url} has in force")?;
    if changes.is_empty() {
        writeln!(out, "\nnothing differs")?;
    }
    let (at_restart, applied): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.needs_restart);
    for (heading, changes) in [
        (
            "a reload applies (SIGHUP, systemctl reload silkrate):",
            applied,
        ),
        ("a restart alone applies:", at_restart),
    ] {
        if !changes.is_empty() {
            writeln!(out, "\n{heading}")?;
        }
        for change in changes {
            writeln!(out, "  {}", without_controls(&change.to_string()))?;
        }
    }
    Ok(())
}

/// What differs in a file from the settings in force. The variables of the server hold for the file too: a reload does not
/// change them.
fn changes(
    file: Option<&Path>,
    in_force: GetSettingsResponse,
) -> Result<Vec<SettingChange>, Failure> {
    let GetSettingsResponse { settings, salt, .. } = in_force;
    let given = settings.iter().filter(|setting| setting.from_variable);
    let environment = given.filter_map(|setting| variable(&setting.key, &setting.value));
    let next = Config::load(file, environment)?.effective(&salt);
    let effective = |setting: Setting| EffectiveSetting {
        key: setting.key,
        value: setting.value,
        digest: setting.digest,
    };
    let before: Vec<_> = settings.into_iter().map(effective).collect();
    Ok(differences(&before, &next))
}
