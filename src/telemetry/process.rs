//! The process, under the names that every exporter gives these families.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::telemetry::{Collect, Page};

/// The process that writes the page.
#[derive(Debug)]
pub struct Process {
    /// When it began, by the clock of the machine.
    pub started: Timestamp,
}

impl Collect for Process {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let started = self.started.duration_since(Timestamp::UNIX_EPOCH);
        let names = (
            "process_start_time_seconds",
            "When the process started, since 1970, by the clock of the machine",
        );
        page.gauge(names, Some(started))?;
        let names = ("process_cpu_seconds", "Processor time of the process");
        page.counter(names, system::processor_time())?;
        let names = (
            "process_resident_memory_bytes",
            "Memory of the process that is in use",
        );
        page.gauge(names, system::resident_bytes())?;
        let names = (
            "process_open_fds",
            "Open file descriptors; each connection takes one",
        );
        page.gauge(names, system::open_descriptors())?;
        let names = ("process_max_fds", "How many file descriptors may be open");
        page.gauge(names, system::descriptors_max())
    }
}

/// Linux, where these figures are files; a figure that cannot be read is absent.
#[cfg(target_os = "linux")]
mod system {
    use std::fs;

    use rustix::process::{Resource, getrlimit};
    use rustix::time::{ClockId, clock_gettime};

    use super::Duration;

    pub(super) fn processor_time() -> Option<Duration> {
        Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).ok()
    }

    pub(super) fn resident_bytes() -> Option<u64> {
        super::resident_bytes(&fs::read_to_string("/proc/self/status").ok()?)
    }

    /// A kernel since 6.2 tells the number as the size of the folder; for an older one the entries are counted, which
    /// takes some milliseconds for ten thousand.
    pub(super) fn open_descriptors() -> Option<u64> {
        const FOLDER: &str = "/proc/self/fd";
        match fs::metadata(FOLDER).ok()?.len() {
            0 => u64::try_from(fs::read_dir(FOLDER).ok()?.count()).ok(),
            count => Some(count),
        }
    }

    pub(super) fn descriptors_max() -> Option<u64> {
        getrlimit(Resource::Nofile).current
    }
}

/// Other systems tell them in other ways.
#[cfg(not(target_os = "linux"))]
mod system {
    use super::Duration;

    pub(super) fn processor_time() -> Option<Duration> {
        None
    }

    pub(super) fn resident_bytes() -> Option<u64> {
        None
    }

    pub(super) fn open_descriptors() -> Option<u64> {
        None
    }

    pub(super) fn descriptors_max() -> Option<u64> {
        None
    }
}

/// The memory in use by the file `status` of a process, which gives it in KiB.
#[cfg(any(target_os = "linux", test))]
fn resident_bytes(status: &str) -> Option<u64> {
    let mut lines = status.lines();
    let size = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = size.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_in_use_is_read_from_the_status_of_the_process() {
        let status = "VmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nRssAnon:\t 1 kB\n";
        assert_eq!(resident_bytes(status), Some(10_485_760));
        assert_eq!(resident_bytes("Name:\tsilkrate\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_tells_every_figure() {
        // Other tests open and close files at the same time, so only these are certain to be open.
        let files: Vec<_> = (0..100)
            .map(|_| std::fs::File::open("/dev/null").unwrap())
            .collect();
        let open = system::open_descriptors().unwrap();
        let certain = u64::try_from(files.len()).unwrap();
        assert!(open > certain, "{open}");
        assert!(system::descriptors_max().unwrap() >= open);
        assert!(system::resident_bytes().unwrap() > 1_000_000);
        assert!(system::processor_time().unwrap() > Duration::ZERO);
    }
}
