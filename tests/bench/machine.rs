//! The CPU time, memory and CPU affinity of a process.

use std::num::NonZero;
use std::sync::LazyLock;
use std::time::Duration;
use std::{fs, io};

use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the server.
pub(crate) const SERVER_CORE: usize = 0;
/// The core of the load.
pub(crate) const LOAD_CORE: usize = 1;

/// The number of cores that this process may use before it is pinned. The system counts only those it is pinned to.
static CORES: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get));

/// Pins this process, and those it starts from now on, to cores; on a machine with a single core it does nothing.
pub(crate) fn pin(cores: &[usize]) -> io::Result<()> {
    if *CORES < 2 {
        return Ok(());
    }
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// Raises the descriptor limit of this process and of those it starts, and returns it.
pub(crate) fn raise_descriptor_limit() -> usize {
    let limit = silkrate::listener::raise_descriptor_limit();
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// The CPU time of all threads of a process.
pub(crate) fn cpu_time(pid: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let ran = text.split_whitespace().next().map(str::parse::<u64>);
        nanoseconds += ran.and_then(Result::ok).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The resident memory of a process, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes = kibibytes.map(str::parse::<u64>).and_then(Result::ok);
    Ok(kibibytes.unwrap_or_default() * 1024)
}
