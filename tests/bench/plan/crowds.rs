//! The parts with subscribers: many per connection, one per connection, and very many.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{DESCRIPTORS_SPARE, Figures, Plan, kibibytes, times};
use crate::fanout;
use crate::report::percentile;
use crate::servers::Design;

impl Plan {
    pub(super) fn publications(
        figures: &mut Figures<'_>,
        shape: &fanout::Shape,
        designs: &[Design],
    ) -> io::Result<BTreeMap<&'static str, fanout::Outcome>> {
        let mut outcomes = BTreeMap::new();
        for design in designs.iter().filter(|design| design.is_here()) {
            let outcome = match fanout::run(*design, shape) {
                Ok(outcome) => outcome,
                // A server of others that cannot do this, such as nats with slow readers, does not stop the benchmark.
                Err(error) if design.is_foreign() => {
                    figures.print(&format!("  {:11} did not finish: {error}", design.name()))?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let latency = |part| percentile(&outcome.latencies, part);
            figures.print(&format!(
                "  {:11} {} connections × {} streams: {:6} ns per message, all have it after {} µs, \
                 p50 {} p99 {} p99.9 {} µs, {} bytes per subscriber",
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
        use Design::{Etcd, Naive, Ours, RawStream};
        let shape = fanout::Shape {
            pairs: 5,
            connections: if self.is_quick { 20 } else { 100 },
            streams: 100,
            publications: if self.is_quick { 5 } else { 10 },
            pause: Duration::from_millis(200),
        };
        let found = Self::publications(figures, &shape, &[Ours, Naive, RawStream, Etcd])?;
        let cost = |design: Design| found.get(design.name()).map(|outcome| outcome.cost);
        for (goal, what, bound, of) in [
            (
                "G7",
                "CPU time per message, 100 streams per connection, relative to naive tonic",
                250,
                Naive,
            ),
            (
                "",
                "the same, relative to one write per stream by hand",
                0,
                RawStream,
            ),
            ("G8", "the same, relative to etcd Watch", 300, Etcd),
        ] {
            if let Some(value) = times(cost(Ours), cost(of)) {
                figures.add(goal, what, (bound > 0).then_some(bound), value);
            }
        }
        if let Some(ours) = found.get(Ours.name()) {
            self.shared_cost.set(ours.cost);
            let what = "memory per idle subscriber, 100 streams per connection";
            figures.add("G14", what, Some(4000), kibibytes(ours.bytes_each));
        }
        Ok(())
    }

    /// Subscribers with one connection each.
    pub(super) fn alone(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{Etcd, Naive, Nats, Ours, RawStream, Redis};
        let room = self.descriptors.saturating_sub(DESCRIPTORS_SPARE);
        let few = fanout::Shape {
            pairs: 5,
            connections: room.min(if self.is_quick { 500 } else { 2000 }),
            streams: 1,
            publications: if self.is_quick { 5 } else { 15 },
            pause: Duration::from_millis(200),
        };
        let found =
            Self::publications(figures, &few, &[Ours, Naive, RawStream, Redis, Nats, Etcd])?;
        let cost = |design: Design| found.get(design.name()).map(|outcome| outcome.cost);
        for (goal, what, bound, of) in [
            (
                "G9",
                "CPU time per message, one connection each, relative to raw writes",
                1500,
                RawStream,
            ),
            ("G10", "the same, relative to nats", 750, Nats),
            ("G10", "the same, relative to etcd Watch", 500, Etcd),
            ("G10", "the same, relative to redis", 1500, Redis),
            ("", "the same, relative to naive tonic", 0, Naive),
        ] {
            if let Some(value) = times(cost(Ours), cost(of)) {
                figures.add(goal, what, (bound > 0).then_some(bound), value);
            }
        }
        let shared = Some(self.shared_cost.get()).filter(|cost| *cost > 0);
        if let Some(value) = times(shared, cost(RawStream)) {
            let what = "CPU time per message, 100 streams per connection, relative to one raw write per socket";
            figures.add("G7", what, Some(250), value);
        }
        if let Some(ours) = found.get(Ours.name()) {
            let what = "memory per idle subscriber, one connection each";
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
        let found = Self::publications(figures, &many, &[Ours, RawStream, Nats, Etcd])?;
        let completion =
            |design: Design| found.get(design.name()).map(|outcome| outcome.completion);
        for (what, bound, of) in [
            (
                "time until all 10 000 have a message, relative to nats",
                900,
                Nats,
            ),
            ("the same, relative to etcd", 600, Etcd),
            ("the same, relative to raw writes", 1600, RawStream),
        ] {
            if let Some(value) = times(completion(Ours), completion(of)) {
                figures.add("G11", what, Some(bound), value);
            }
        }
        Ok(())
    }

    /// One thread, two threads of one runtime, and two threads with a runtime each: on all cores, those of the load included.
    pub(super) fn threads(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{OursEach, OursFree, OursMulti};
        let designs = [OursFree, OursMulti, OursEach];
        let costs = self.calls(figures, (5, 10), &designs)?;
        let cost = |design: Design| costs.get(design.name()).copied();
        for (what, of) in [
            (
                "CPU time per call in one thread, relative to one runtime of two threads",
                OursMulti,
            ),
            ("the same, relative to two runtimes", OursEach),
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
                "time until all 2 000 have a message in one thread, relative to one runtime of two threads",
                OursMulti,
            ),
            ("the same, relative to two runtimes", OursEach),
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
            let what = "time until all 50 000 have a message, relative to naive tonic";
            figures.add("G12", what, Some(250), value);
        }
        Ok(())
    }
}
