//! Whether figures grow over time.

use super::sample::Sample;

/// A figure of a sample, its name, and by how much it may seem to grow over a run: what differs from pause to pause.
type Figure = (&'static str, fn(&Sample) -> i128, i128);

const FIGURES: [Figure; 4] = [
    // The memory of a process that does nothing wrong differs by some MiB: the pages of an allocator.
    ("memory in KiB", |sample| sample.memory, 8 * 1024),
    // The service connects to its banks, and the watchers connect again.
    ("descriptors", |sample| sample.descriptors, 10),
    // Threads for blocking work end after some idle seconds.
    ("threads", |sample| sample.threads, 4),
    // Some for each connection.
    ("tasks", |sample| sample.tasks, 20),
];
/// An hour in milliseconds, the unit of the times of samples.
const HOUR: i128 = 3_600_000;

/// The samples of one process.
#[derive(Debug)]
pub(crate) struct Growth {
    /// The samples of one round. In the first round the process warms up: nothing is compared.
    round: usize,
    samples: Vec<Sample>,
}

/// Whether descriptors and tasks are as few as on a quiet service. Threads may be more: those for blocking work take turns, so none of
/// them is idle for long enough to end.
pub(crate) fn is_settled(sample: &Sample, quiet: &Sample) -> bool {
    let [_memory, descriptors, _threads, tasks] = FIGURES;
    let counts = [descriptors, tasks];
    counts
        .iter()
        .all(|(_, of, allowed)| of(sample) <= of(quiet) + allowed)
}

impl Growth {
    pub(crate) fn new(round: usize) -> Self {
        Self {
            round,
            samples: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// The samples after the first round; none if there is no second one.
    fn warm(&self) -> &[Sample] {
        let warm = self.samples.get(self.round..);
        warm.filter(|warm| warm.len() >= self.round)
            .unwrap_or_default()
    }

    /// Figures that grew from the first to the last sample, by the straight line that fits all of them best.
    pub(crate) fn violations(&self) -> Vec<String> {
        let warm = self.warm();
        let (Some(first), Some(last)) = (warm.first(), warm.last()) else {
            return Vec::new();
        };
        let lasting = last.at - first.at;
        let mut found = Vec::new();
        for (name, of, allowed) in FIGURES {
            let grown = per_hour(warm, of) * lasting / HOUR;
            if grown > allowed {
                found.push(format!("{name} grew by {grown}"));
            }
        }
        found
    }

    /// Figures of a later process that are above the highest of this one.
    pub(crate) fn beside(&self, later: &Sample) -> Vec<String> {
        let mut found = Vec::new();
        for (name, of, allowed) in FIGURES {
            let highest = self.samples.iter().map(of).max().unwrap_or_default();
            if of(later) > highest + allowed {
                found.push(format!("{name}: {} after {highest} at most", of(later)));
            }
        }
        found
    }

    /// The figures after the warm-up, and what they grow by in an hour.
    pub(crate) fn table(&self) -> String {
        let warm = self.warm();
        if warm.is_empty() {
            return "One round tells nothing of growth: soak for five minutes or more.\n"
                .to_owned();
        }
        let mut table = format!(
            "{:<16}{:>10}{:>10}{:>10}{:>18}\n",
            "", "lowest", "median", "highest", "growth per hour"
        );
        for (name, of, _) in FIGURES {
            let mut values: Vec<_> = warm.iter().map(of).collect();
            values.sort_unstable();
            let at = |place: usize| values.get(place).copied().unwrap_or_default();
            let (median, highest) = (at(values.len() / 2), at(values.len().saturating_sub(1)));
            let growth = per_hour(warm, of);
            let lowest = at(0);
            let row = format!("{name:<16}{lowest:>10}{median:>10}{highest:>10}{growth:>18}\n");
            table.push_str(&row);
        }
        table
    }
}

/// The slope of the straight line with the least squares.
fn per_hour(samples: &[Sample], of: fn(&Sample) -> i128) -> i128 {
    let number = i128::try_from(samples.len()).unwrap();
    let sum = |of: &dyn Fn(&Sample) -> i128| samples.iter().map(of).sum::<i128>();
    let (times, values) = (sum(&|sample| sample.at), sum(&of));
    let squares = sum(&|sample| sample.at * sample.at);
    let products = sum(&|sample| sample.at * of(sample));
    let divisor = number * squares - times * times;
    if divisor == 0 {
        return 0;
    }
    (number * products - times * values) * HOUR / divisor
}
