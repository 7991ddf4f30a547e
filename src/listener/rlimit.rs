//! The limit on file descriptors: each connection takes one.

/// Raises the soft limit on file descriptors (`RLIMIT_NOFILE`) to the hard limit, and returns the limit then in force;
/// `None` where there is no limit.
///
/// Many systems start processes with 1 024 and allow far more. If raising fails, accepting pauses when descriptors run out.
#[cfg(unix)]
pub fn raise_descriptor_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, limit = ?limit.current, "could not raise RLIMIT_NOFILE: accepting pauses when this many connections and files are open");
            limit.current
        }
    }
}

/// This system has no such limit.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_limit() {
        let raised = raise_descriptor_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(raised, limit.maximum);
        assert_eq!(limit.current, limit.maximum);
    }
}
