//! The limit of the control group of the process, by the files of the kernel.

use std::fs;
use std::path::{Path, PathBuf};

/// The groups of the process.
const GROUPS: &str = "proc/self/cgroup";
/// From here on version 1 means that there is no limit: it writes the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 62;

/// Where a version of control groups has its limits.
struct Hierarchy {
    /// Its folder, and that beside version 1.
    folders: &'static [&'static str],
    file: &'static str,
}

const VERSION_1: Hierarchy = Hierarchy {
    folders: &["sys/fs/cgroup/memory"],
    file: "memory.limit_in_bytes",
};
const VERSION_2: Hierarchy = Hierarchy {
    folders: &["sys/fs/cgroup", "sys/fs/cgroup/unified"],
    file: "memory.max",
};

/// The limit of the group of this process and of the groups around it: the lowest one. In a container the group may be named as the
/// machine names it, which is not where the container finds it; then its folder is that of all groups.
pub(super) fn group_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join(GROUPS)).ok()?;
    let limits = groups.lines().filter_map(|line| {
        let (_number, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let hierarchy = match controllers {
            "" => VERSION_2,
            _ if controllers.split(',').any(|name| name == "memory") => VERSION_1,
            _ => return None,
        };
        lowest(root, &hierarchy, path)
    });
    limits.min()
}

fn lowest(root: &Path, hierarchy: &Hierarchy, path: &str) -> Option<u64> {
    let around: Vec<PathBuf> = Path::new(path.trim_start_matches('/'))
        .ancestors()
        .map(Path::to_owned)
        .collect();
    let folders = hierarchy.folders.iter();
    let files = folders.flat_map(|folder| {
        let groups = around.iter();
        groups.map(move |group| root.join(folder).join(group).join(hierarchy.file))
    });
    files.filter_map(|file| limit(&file)).min()
}

/// The limit in a file; none where the file has no number, as for `max`.
fn limit(file: &Path) -> Option<u64> {
    let bytes = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (bytes < NO_LIMIT).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Files of the kernel.
    fn written(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    /// The limit where the files of the kernel are these.
    fn limit_of(files: &[(&str, &str)]) -> Option<u64> {
        group_limit(written(files).path())
    }

    #[test]
    fn the_lowest_limit_of_the_groups_around_the_process_holds() {
        let group = "0::/system.slice/silkrate.service\n";
        let own = "sys/fs/cgroup/system.slice/silkrate.service/memory.max";
        let around = "sys/fs/cgroup/system.slice/memory.max";
        for (own_limit, limit_around, expected) in [
            ("536870912\n", "max\n", Some(536_870_912)),
            ("max\n", "1073741824\n", Some(1_073_741_824)),
            ("536870912\n", "268435456\n", Some(268_435_456)),
            ("max\n", "max\n", None),
        ] {
            let files = [(GROUPS, group), (own, own_limit), (around, limit_around)];
            assert_eq!(limit_of(&files), expected);
        }
    }

    #[test]
    fn a_container_finds_its_limit_where_the_machine_names_its_group_otherwise() {
        let version_2 = [(GROUPS, "0::/\n"), ("sys/fs/cgroup/memory.max", "1000\n")];
        assert_eq!(limit_of(&version_2), Some(1000));
        let version_1 = [
            (
                GROUPS,
                "12:cpu,cpuacct:/docker/1f\n5:memory:/docker/1f\n1:name=systemd:/docker/1f\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
        ];
        assert_eq!(limit_of(&version_1), Some(2000));
    }

    #[test]
    fn version_1_has_no_limit_where_it_writes_the_largest_number() {
        let files = [
            (GROUPS, "5:memory:/\n"),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
        ];
        assert_eq!(limit_of(&files), None);
        assert_eq!(limit_of(&[(GROUPS, "garbage\n0::/\n")]), None);
        assert_eq!(limit_of(&[]), None);
    }
}
