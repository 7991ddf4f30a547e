//! The process, under the names that every exporter gives these families.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::telemetry::{Collect, Page};

/// The process that writes the page.
#[derive(Debug)]
pub struct Process {
    /// When it began, by the clock of the machine.
    started: Timestamp,
}

impl Process {
    /// This process. Where the system does not tell when it began, it begins now.
    pub fn new() -> Self {
        Self {
            started: system::started().unwrap_or_else(Timestamp::now),
        }
    }
}

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

impl Collect for Process {
    fn collect(&self, page: &mut Page<'_>) -> fmt::Result {
        let names = (
            "process_start_time_seconds",
            "When the process started, by the clock of the machine",
        );
        page.gauge(names, Some(self.started))?;
        let names = ("process_cpu_seconds", "Processor time of the process");
        page.counter(names, system::processor_time())?;
        let names = (
            "process_resident_memory_bytes",
            "Memory of the process that is in use",
        );
        let status = system::status();
        page.gauge(names, status.as_deref().and_then(resident_in))?;
        let names = (
            "process_virtual_memory_bytes",
            "Addresses that the process has reserved, in use or not",
        );
        page.gauge(names, status.as_deref().and_then(virtual_bytes))?;
        let names = ("process_threads", "Threads of the process");
        page.gauge(names, status.as_deref().and_then(threads))?;
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

    use jiff::SignedDuration;
    use rustix::param::clock_ticks_per_second;
    use rustix::process::{Resource, getrlimit};
    use rustix::time::{ClockId, clock_gettime};

    use super::{Duration, Timestamp};

    pub(super) fn processor_time() -> Option<Duration> {
        Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).ok()
    }

    /// The process counts from the start of the machine, in ticks of its clock.
    pub(super) fn started() -> Option<Timestamp> {
        let booted = super::boot_time(&fs::read_to_string("/proc/stat").ok()?)?;
        let ticks = super::start_ticks(&fs::read_to_string("/proc/self/stat").ok()?)?;
        let milliseconds = ticks.checked_mul(1000)? / clock_ticks_per_second().max(1);
        let since_boot = SignedDuration::from_millis(i64::try_from(milliseconds).ok()?);
        Timestamp::from_second(booted)
            .ok()?
            .checked_add(since_boot)
            .ok()
    }

    pub(super) fn status() -> Option<String> {
        fs::read_to_string("/proc/self/status").ok()
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
    use super::{Duration, Timestamp};

    pub(super) fn processor_time() -> Option<Duration> {
        None
    }

    pub(super) fn started() -> Option<Timestamp> {
        None
    }

    pub(super) fn status() -> Option<String> {
        None
    }

    pub(super) fn open_descriptors() -> Option<u64> {
        None
    }

    pub(super) fn descriptors_max() -> Option<u64> {
        None
    }
}

/// The memory of this process that is in use; nothing where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    resident_in(&system::status()?)
}

/// The memory in use by the file `status` of a process.
fn resident_in(status: &str) -> Option<u64> {
    bytes(status, "VmRSS:")
}

/// The addresses by the same file.
fn virtual_bytes(status: &str) -> Option<u64> {
    bytes(status, "VmSize:")
}

/// The threads by the same file.
fn threads(status: &str) -> Option<u64> {
    line(status, "Threads:")?.parse().ok()
}

/// A size, which the file gives in KiB.
fn bytes(status: &str, name: &str) -> Option<u64> {
    let kibibytes: u64 = line(status, name)?.strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// What the line of a file says that begins with a name.
fn line<'a>(file: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = file.lines();
    lines
        .find_map(|line| line.strip_prefix(name))
        .map(str::trim)
}

/// When the machine started, by its file `stat`: seconds since 1970.
#[cfg(any(target_os = "linux", test))]
fn boot_time(stat: &str) -> Option<i64> {
    line(stat, "btime ")?.parse().ok()
}

/// When a process started, by its file `stat`: ticks since the machine started. It is the 22nd field. The second one is the
/// name of the program between parentheses, in which anything may stand.
#[cfg(any(target_os = "linux", test))]
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_in_use_is_read_from_the_status_of_the_process() {
        let status =
            "VmSize:\t   30720 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nThreads:\t3\n";
        assert_eq!(resident_in(status), Some(10_485_760));
        assert_eq!(virtual_bytes(status), Some(31_457_280));
        assert_eq!(threads(status), Some(3));
        assert_eq!(resident_in("Name:\tsilkrate\n"), None);
    }

    #[test]
    fn the_start_of_a_process_is_read_whatever_its_program_is_called() {
        let stat = "7 (a) S 1 (b)) S 1 7 7 0 -1 4194560 9 0 0 0 4 2 0 0 20 0 3 0 123456 9 9\n";
        assert_eq!(start_ticks(stat), Some(123_456));
        assert_eq!(
            boot_time("cpu 1 2\nbtime 1775120400\n"),
            Some(1_775_120_400)
        );
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
        let status = system::status().unwrap();
        assert!(resident_in(&status).unwrap() > 1_000_000);
        assert!(virtual_bytes(&status) > resident_in(&status));
        assert!(threads(&status).unwrap() >= 1);
        assert!(system::processor_time().unwrap() > Duration::ZERO);
        assert!(system::started().unwrap() < Timestamp::now());
    }
}
