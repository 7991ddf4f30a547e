//! `silkrate config --diff`: what a reload of a running server would change.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::app::preflight::{Finding, ReloadFindings, of_reload};
use crate::cli::config::print_warning;
use crate::cli::failure::Failure;
use crate::cli::paint::without_controls;
use crate::cli::replay;
use crate::cli::server::AdminArgs;
use crate::config::{Config, EffectiveSetting, SettingChange, differences, variable};
use crate::pb::admin::{GetSettingsResponse, Setting};

/// Compares a file, or the one that the server reads, with the settings that the server has in force, and prints what differs and
/// what is wrong with it.
///
/// # Errors
/// When a reload would be refused.
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
    let (name, url) = (without_controls(&name), admin.url());
    // Another folder is entered below.
    let file = file.map(std::path::absolute).transpose()?;
    writeln!(out, "{name}, compared with what {url} has in force")?;
    if in_force.demo {
        let sections = replay::sections();
        writeln!(
            out,
            "a demo (serve --demo): of a file it uses the sections {sections}"
        )?;
    }
    if let Some(folder) = &in_force.folder {
        enter(Path::new(folder), out)?;
    }
    let (changes, found) = changes(file.as_deref(), in_force)?;
    print(&changes, out)?;
    let ReloadFindings { refused, doubtful } = found;
    for finding in doubtful {
        print_warning(&finding, out)?;
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(refused.into())
    }
}

/// Goes to the folder in which the server was started, where relative paths of its variables begin.
fn enter(folder: &Path, out: &mut dyn Write) -> io::Result<()> {
    if let Err(error) = std::env::set_current_dir(folder) {
        let folder = folder.to_string_lossy();
        let folder = without_controls(&folder);
        writeln!(
            out,
            "cannot enter {folder}, where the server was started ({error}): relative paths of its variables are looked up here"
        )?;
    }
    Ok(())
}

fn print(changes: &[SettingChange], out: &mut dyn Write) -> io::Result<()> {
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

/// What differs in a file from the settings in force, and what is wrong with it. The variables of the server hold for the file too:
/// a reload does not change them.
fn changes(
    file: Option<&Path>,
    in_force: GetSettingsResponse,
) -> Result<(Vec<SettingChange>, ReloadFindings), Failure> {
    let GetSettingsResponse {
        settings,
        salt,
        demo,
        ..
    } = in_force;
    let given = settings.iter().filter(|setting| setting.from_variable);
    let environment = given.filter_map(|setting| variable(&setting.key, &setting.value));
    let mut next = Config::load(file, environment)?;
    if demo {
        next.log = replay::log(next.log);
    }
    let effective = |setting: Setting| EffectiveSetting {
        key: setting.key,
        value: setting.value,
        digest: setting.digest,
    };
    let before: Vec<_> = settings.into_iter().map(effective).collect();
    let mut changes = differences(&before, &next.effective(&salt));
    let is_used = |key: &str| !demo || replay::uses(key);
    changes.retain(|change| is_used(&change.key));
    let mut found = of_reload(&next, &changes);
    let is_found = |finding: &Finding| is_used(&finding.key);
    found.refused.retain(is_found);
    found.doubtful.retain(is_found);
    Ok((changes, found))
}
