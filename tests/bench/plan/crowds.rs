//! The runs with subscribers: many on a connection, one on each, and very many.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{DESCRIPTORS_SPARE, Figures, Plan, kibibytes, times};
use crate::fanout;
use crate::report::percentile;
use crate::servers::Design;

impl Plan {
    fn publications(
        figures: &mut Figures<'_>,
        shape: &fanout::Shape,
        designs: &[Design],
    ) -> io::Result<BTreeMap<&'static str, fanout::Outcome>> {
        let mut outcomes = BTreeMap::new();
        for design in designs.iter().filter(|design| design.is_here()) {
            let outcome = match fanout::run(*design, shape) {
                Ok(outcome) => outcome,
                // What the others cannot do in this shape, such as nats with slow readers, is no reason to stop.
                Err(error) if design.is_foreign() => {
                    figures.tell(&format!("  {:11} did not finish: {error}", design.name()))?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let latency = |part| percentile(&outcome.latencies, part);
            figures.tell(&format!(
                "  {:11} {} connections × {} streams: {:6} ns a message, all have it after {} µs, \
                 p50 {} p99 {} p99.9 {} µs, {} bytes each",
                design.name(),
                shape.connections,
                shape.streams,
                outcome.cost,
                outcome.completion,
                latency(500),
                latency(990),
                latency(999),
                outcome.bytes_each,
            ))?;
            outcomes.insert(design.name(), outcome);
        }
        Ok(outcomes)
    }

    /// Ten thousand subscribers, a hundred on a connection.
    pub(super) fn shared(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{Etcd, Naive, Ours, RawWatched};
        let shape = fanout::Shape {
            pairs: 5,
            connections: if self.is_quick { 20 } else { 100 },
            streams: 100,
            publications: if self.is_quick { 5 } else { 10 },
            pause: Duration::from_millis(200),
        };
        let found = Self::publications(figures, &shape, &[Ours, Naive, RawWatched, Etcd])?;
        let cost = |design: Design| found.get(design.name()).map(|outcome| outcome.cost);
        for (goal, what, bound, of) in [
            (
                "G7",
                "processor time of a message, 100 streams a connection, of naive",
                250,
                Naive,
            ),
            (
                "",
                "the same, of a write for each stream, by hand",
                0,
                RawWatched,
            ),
            ("G8", "the same, of etcd Watch", 300, Etcd),
        ] {
            if let Some(value) = times(cost(Ours), cost(of)) {
                figures.add(goal, what, (bound > 0).then_some(bound), value);
            }
        }
        if let Some(ours) = found.get(Ours.name()) {
            self.shared_cost.set(ours.cost);
            let what = "memory of an idle subscriber, 100 a connection";
            figures.add("G14", what, Some(4000), kibibytes(ours.bytes_each));
        }
        Ok(())
    }

    /// Subscribers with a connection each.
    pub(super) fn alone(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{Etcd, Naive, Nats, Ours, RawWatched, Redis};
        let room = self.descriptors.saturating_sub(DESCRIPTORS_SPARE);
        let few = fanout::Shape {
            pairs: 5,
            connections: room.min(if self.is_quick { 500 } else { 2000 }),
            streams: 1,
            publications: if self.is_quick { 5 } else { 15 },
            pause: Duration::from_millis(200),
        };
        let found =
            Self::publications(figures, &few, &[Ours, Naive, RawWatched, Redis, Nats, Etcd])?;
        let cost = |design: Design| found.get(design.name()).map(|outcome| outcome.cost);
        for (goal, what, bound, of) in [
            (
                "G9",
                "processor time of a message, a connection each, of raw writes",
                1500,
                RawWatched,
            ),
            ("G10", "the same, of nats", 750, Nats),
            ("G10", "the same, of etcd Watch", 500, Etcd),
            ("G10", "the same, of redis", 1500, Redis),
            ("", "the same, of naive", 0, Naive),
        ] {
            if let Some(value) = times(cost(Ours), cost(of)) {
                figures.add(goal, what, (bound > 0).then_some(bound), value);
            }
        }
        let shared = Some(self.shared_cost.get()).filter(|cost| *cost > 0);
        if let Some(value) = times(shared, cost(RawWatched)) {
            let what = "a message to 100 streams a connection, of a write by hand to each socket";
            figures.add("G7", what, Some(250), value);
        }
        if let Some(ours) = found.get(Ours.name()) {
            let what = "memory of an idle subscriber, a connection each";
            figures.add("G14", what, Some(20_000), kibibytes(ours.bytes_each));
        }
        if self.is_quick {
            return Ok(());
        }
        let many = fanout::Shape {
            connections: room.min(10_000),
            publications: 5,
            pause: Duration::from_millis(500),
            ..few
        };
        let found = Self::publications(figures, &many, &[Ours, RawWatched, Nats, Etcd])?;
        let completion =
            |design: Design| found.get(design.name()).map(|outcome| outcome.completion);
        for (what, bound, of) in [
            ("time until all 10 000 have a message, of nats", 900, Nats),
            ("the same, of etcd", 600, Etcd),
            ("the same, of raw writes", 1600, RawWatched),
        ] {
            if let Some(value) = times(completion(Ours), completion(of)) {
                figures.add("G11", what, Some(bound), value);
            }
        }
        Ok(())
    }

    /// One thread, two that share their work, two that share nothing: on all cores, the load's too.
    pub(super) fn threads(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{OursEach, OursFree, OursMulti};
        let designs = [OursFree, OursMulti, OursEach];
        let costs = self.calls(figures, (5, 10), &designs)?;
        let cost = |design: Design| costs.get(design.name()).copied();
        for (what, of) in [
            (
                "processor time of a call in one thread, of one runtime of two",
                OursMulti,
            ),
            ("the same, of two runtimes", OursEach),
        ] {
            if let Some(value) = times(cost(OursFree), cost(of)) {
                figures.add("", what, None, value);
            }
        }
        let shape = fanout::Shape {
            pairs: 5,
            connections: 2000.min(self.descriptors.saturating_sub(DESCRIPTORS_SPARE)),
            streams: 1,
            publications: 10,
            pause: Duration::from_millis(200),
        };
        let found = Self::publications(figures, &shape, &designs)?;
        let completion = |design: Design| found.get(design.name()).map(|found| found.completion);
        for (what, of) in [
            (
                "time until all 2 000 have a message, in one thread, of one runtime of two",
                OursMulti,
            ),
            ("the same of two runtimes", OursEach),
        ] {
            if let Some(value) = times(completion(OursFree), completion(of)) {
                figures.add("", what, None, value);
            }
        }
        Ok(())
    }

    /// Fifty thousand subscribers, a hundred on a connection.
    pub(super) fn crowd(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        let shape = fanout::Shape {
            pairs: 5,
            connections: 500.min(self.descriptors.saturating_sub(DESCRIPTORS_SPARE)),
            streams: 100,
            publications: 5,
            pause: Duration::from_secs(1),
        };
        let found = Self::publications(figures, &shape, &[Design::Ours, Design::Naive])?;
        let completion =
            |design: Design| found.get(design.name()).map(|outcome| outcome.completion);
        if let Some(value) = times(completion(Design::Ours), completion(Design::Naive)) {
            let what = "time until all 50 000 have a message, of naive";
            figures.add("G12", what, Some(250), value);
        }
        Ok(())
    }
}
