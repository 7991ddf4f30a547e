//! The bugs that the robustness tests of etcd list, as cases: the same misfortune here. Each case is a plan of its own, and runs with every check of
//! the simulation. The number is that of the report at etcd.

use std::time::Duration;

use crate::cases::Case;
use crate::plan::{SUBSCRIBERS, Step};

/// The cases.
pub(crate) const CASES: [Case; 8] = [
    Case {
        name: "etcd_13766_revisions_are_not_assigned_twice_by_kills_under_load",
        steps: || {
            let round = |_| [(3, Step::Burst(0, 5)), (0, Step::Kill(Duration::ZERO))];
            (0..6).flat_map(round).collect()
        },
    },
    Case {
        name: "etcd_14370_what_was_published_just_before_a_kill_is_not_lost",
        steps: || {
            let round = |bank| {
                [
                    (2, Step::Burst(bank, 1)),
                    (0, Step::Kill(Duration::from_secs(1))),
                ]
            };
            (0..3).cycle().take(6).flat_map(round).collect()
        },
    },
    Case {
        name: "etcd_15220_a_heartbeat_does_not_overtake_updates",
        steps: || {
            let slow = |link| (0, Step::Latency(link, Duration::from_secs(8)));
            let bursts = (0..20).map(|number| (7, Step::Burst(number % 3, 2)));
            (0..SUBSCRIBERS).map(slow).chain(bursts).collect()
        },
    },
    Case {
        name: "etcd_15271_a_stream_does_not_go_back_in_time_after_a_partition",
        steps: || {
            let round = |link: usize| {
                [
                    (1, Step::Clog(link, true)),
                    (5, Step::Burst(0, 3)),
                    (1, Step::Disk(true)),
                    (5, Step::Burst(1, 3)),
                    (20, Step::Kill(Duration::from_secs(10))),
                    (1, Step::Disk(false)),
                    (5, Step::Burst(2, 3)),
                    (1, Step::Clog(link, false)),
                    (60, Step::Burst(0, 1)),
                ]
            };
            (0..SUBSCRIBERS).flat_map(round).collect()
        },
    },
    Case {
        name: "etcd_17247_no_update_comes_twice_across_resets",
        steps: || {
            let round = |number: usize| {
                [
                    (1, Step::Burst(number % 3, 2)),
                    (0, Step::Cut(number % SUBSCRIBERS)),
                ]
            };
            (0..20).flat_map(round).collect()
        },
    },
    Case {
        name: "etcd_17529_a_starved_stream_loses_no_update",
        steps: || {
            let round = |link: usize| {
                [
                    (1, Step::Clog(link, true)),
                    (1, Step::Burst(0, 9)),
                    (10, Step::Burst(1, 9)),
                    (10, Step::Clog(link, false)),
                    (20, Step::Burst(2, 1)),
                ]
            };
            (0..SUBSCRIBERS).cycle().take(6).flat_map(round).collect()
        },
    },
    Case {
        name: "etcd_17780_no_revision_decreases_when_the_disk_is_full_at_a_kill",
        steps: || {
            let round = |_| {
                [
                    (5, Step::Burst(0, 3)),
                    (1, Step::Disk(true)),
                    (5, Step::Burst(1, 3)),
                    (5, Step::Kill(Duration::from_secs(2))),
                    (5, Step::Burst(2, 3)),
                    (1, Step::Disk(false)),
                    (70, Step::Kill(Duration::from_secs(2))),
                ]
            };
            (0..6).flat_map(round).collect()
        },
    },
    Case {
        name: "etcd_20221_a_stream_from_the_future_begins_with_the_present",
        steps: || {
            (0..4)
                .map(|number| (30, Step::Burst(number % 3, 2)))
                .collect()
        },
    },
];
