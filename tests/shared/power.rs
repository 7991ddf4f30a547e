//! The power is cut while etcd writes: an image of its disk, as it is at that moment, has everything that was acknowledged.
//!
//! It needs a loop device, and the rights to mount it: those of root. Without them one line says so. One cut in a normal run;
//! `SILKRATE_POWER_CUTS=20 cargo test --test shared power` for more, which fails where a disk cannot be mounted.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use silkrate::shared::log::{Appended, Lead, Log};
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::replicas::LOG;

/// The size of the disk: an empty store of etcd takes 130 MB, most of which is not written.
const DISK_BYTES: u64 = 512 * 1024 * 1024;
/// How many records are appended before a cut, and the bytes of one.
const RECORDS: u64 = 300;
const RECORD_BYTES: usize = 4096;

/// A disk in a file, which is mounted.
struct Disk {
    folder: PathBuf,
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let failed = || Err(format!("{program}: {error}"));
    if output.status.success() {
        Ok(())
    } else {
        failed()
    }
}

impl Disk {
    fn mount(image: &Path, folder: PathBuf) -> Result<Self, String> {
        std::fs::create_dir_all(&folder).unwrap();
        let paths = [image, &folder].map(|path| path.display().to_string());
        run("mount", &["-o", "loop", &paths[0], &paths[1]])?;
        Ok(Self { folder })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let folder = self.folder.display().to_string();
        if let Err(error) = run("umount", &[&folder]) {
            assert!(std::thread::panicking(), "{error}");
        }
    }
}

fn formatted(image: &Path) -> Result<(), String> {
    let file = std::fs::File::create(image).unwrap();
    file.set_len(DISK_BYTES).unwrap();
    run("mkfs.ext4", &["-q", &image.display().to_string()])
}

fn record(seq: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seq);
    std::iter::repeat_with(|| random.u8(..))
        .take(RECORD_BYTES)
        .collect()
}

async fn append(log: &Log, lead: &Lead, seq: u64) {
    let written = log.append(lead, seq, &record(seq)).await;
    assert_eq!(written, Ok(Appended::Written));
}

/// Appends records, takes an image of the disk, and counts what an etcd on that image has lost. The error is that of a machine
/// which cannot mount a disk.
async fn cut(place: &Path) -> Result<u64, String> {
    let (image, copy) = (place.join("disk"), place.join("image"));
    formatted(&image)?;
    let disk = Disk::mount(&image, place.join("mounted"))?;
    let mut cluster = Cluster::start_in(1, &disk.folder).await;
    let log = cluster.log(LOG);
    let lead = log.lead(b"one", Duration::from_secs(600)).await;
    let lead = lead.unwrap().unwrap();
    let records = RECORDS + fastrand::u64(..64);
    for seq in 1..=records {
        append(&log, &lead, seq).await;
    }
    // What it has not synchronised is in the memory of the machine, and not in the file.
    cluster.pause(0, true);
    std::fs::copy(&image, &copy).unwrap();
    cluster.pause(0, false);
    cluster.kill(0).await;
    let after = Disk::mount(&copy, place.join("after")).unwrap();
    cluster.move_to(&after.folder);
    cluster.start_again(0).await;
    let mut lost = 0;
    for seq in 1..=records {
        let page = cluster.log(LOG).read(seq - 1, 1).await.unwrap();
        let found = page.records.first();
        let is_there = found.is_some_and(|found| found.seq == seq && *found.bytes == record(seq));
        lost += u64::from(!is_there);
    }
    cluster.kill(0).await;
    Ok(lost)
}

/// Says something even of a test that passes.
fn say(text: &str) {
    let line = format!("{text}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_when_the_power_is_cut() {
    let asked = std::env::var("SILKRATE_POWER_CUTS").ok();
    let cuts: u32 = asked.as_ref().map_or(1, |cuts| cuts.parse().unwrap());
    for number in 1..=cuts {
        let place = TempDir::new().unwrap();
        match cut(place.path()).await {
            Ok(lost) => {
                say(&format!(
                    "power cut {number}: {lost} of some {RECORDS} acknowledged records lost"
                ));
                assert_eq!(lost, 0);
            }
            Err(reason) => {
                assert!(asked.is_none(), "{reason}");
                say(&format!(
                    "NO POWER WAS CUT, so that nothing was shown: it takes root and a loop device ({reason})"
                ));
            }
        }
    }
}
