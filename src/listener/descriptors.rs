//! File descriptors: each connection takes one.

/// Allows this process as many as the system grants it, and tells how many that is; nothing where there is no bound.
///
/// Many systems begin with 1 024 and grant far more to whoever asks. A refusal leaves things as they were: then accepting
/// pauses when they run out.
#[cfg(unix)]
pub fn raise_descriptors() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the bound on descriptors stays as it is");
            limit.current
        }
    }
}

/// There is no such bound here.
#[cfg(not(unix))]
pub fn raise_descriptors() -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::*;

    #[test]
    fn as_many_descriptors_are_allowed_as_the_system_grants() {
        let granted = raise_descriptors();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(granted, limit.maximum);
        assert_eq!(limit.current, limit.maximum);
    }
}
