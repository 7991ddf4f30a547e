//! The parts of the benchmark, their order, and the figures they yield.

mod crowds;
mod tls;
mod web;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use crate::report::{Figure, Thousandths, percentile, ratio};
use crate::servers::{Design, raw};
use crate::{backlog, fanout, start, unary};

/// Descriptors reserved for everything but the connections of the load.
const DESCRIPTORS_SPARE: usize = 500;

/// The pairs of most responses: the ticker.
const PAIRS: usize = 5;

/// The extent of a run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) is_quick: bool,
    /// The descriptor limit of a process.
    pub(crate) descriptors: usize,
    /// The CPU time per message in this round with a hundred streams per connection, in nanoseconds; zero before it is measured.
    pub(crate) shared_cost: Cell<u64>,
}

/// The figures so far; the line of each run is printed at once.
pub(crate) struct Figures<'a> {
    figures: Vec<Figure>,
    out: &'a mut dyn Write,
}

impl<'a> Figures<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        let figures = Vec::new();
        Self { figures, out }
    }

    pub(crate) fn into_figures(self) -> Vec<Figure> {
        self.figures
    }

    fn print(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// Adds the value of a round.
    fn add(&mut self, goal: &'static str, what: &str, bound: Option<Thousandths>, value: Value) {
        let known = self
            .figures
            .iter_mut()
            .find(|figure| figure.goal == goal && figure.what == what);
        if let Some(figure) = known {
            figure.rounds.push(value.thousandths);
            return;
        }
        self.figures.push(Figure {
            goal,
            what: what.to_owned(),
            bound,
            unit: value.unit,
            rounds: vec![value.thousandths],
        });
    }
}

/// A value and its unit.
#[derive(Debug, Clone, Copy)]
struct Value {
    thousandths: Thousandths,
    unit: &'static str,
}

fn times(value: Option<u64>, of: Option<u64>) -> Option<Value> {
    let thousandths = ratio(value?, of?);
    Some(Value {
        thousandths,
        unit: "×",
    })
}

fn kibibytes(bytes: u64) -> Value {
    Value {
        thousandths: ratio(bytes, 1024),
        unit: " KiB",
    }
}

fn mebibytes(bytes: u64) -> Value {
    Value {
        thousandths: ratio(bytes, 1024 * 1024),
        unit: " MiB",
    }
}

fn milliseconds(microseconds: u64) -> Value {
    Value {
        thousandths: microseconds,
        unit: " ms",
    }
}

impl Plan {
    /// Runs the named parts, or all parts if none is named.
    pub(crate) fn run(&self, only: &[String], figures: &mut Figures<'_>) -> io::Result<()> {
        let wanted = |part: &str| only.is_empty() || only.iter().any(|name| name == part);
        let bytes = raw::message(PAIRS)?.len();
        figures.print(&format!("a response of {PAIRS} pairs has {bytes} bytes"))?;
        for round in 1..=self.rounds {
            figures.print(&format!("round {round} of {}", self.rounds))?;
            if wanted("unary") {
                self.unary(figures)?;
            }
            if wanted("web") {
                self.web(figures)?;
            }
            if wanted("shared") {
                self.shared(figures)?;
            }
            if wanted("alone") {
                self.alone(figures)?;
            }
            if wanted("tls") {
                self.tls(figures)?;
            }
            if wanted("backlog") {
                self.backlog(figures)?;
            }
            if wanted("threads") {
                self.threads(figures)?;
            }
            if wanted("start") {
                self.start(figures)?;
            }
            if wanted("crowd") && !self.is_quick {
                self.crowd(figures)?;
            }
        }
        Ok(())
    }

    fn calls(
        &self,
        figures: &mut Figures<'_>,
        (pairs, at_once): (usize, usize),
        designs: &[Design],
    ) -> io::Result<BTreeMap<&'static str, u64>> {
        let shape = unary::Shape {
            pairs,
            connections: 10,
            at_once,
            lasting: Duration::from_millis(if self.is_quick { 700 } else { 2000 }),
        };
        let mut costs = BTreeMap::new();
        for design in designs.iter().filter(|design| design.is_here()) {
            let outcome = unary::run(*design, &shape)?;
            costs.insert(design.name(), outcome.cost);
            let latency = |part| percentile(&outcome.latencies, part);
            figures.print(&format!(
                "  {:11} {pairs:2} pairs, 10 connections × {at_once:2}: {:6} ns per call, {:6} calls/s, \
                 p50 {} p99 {} p99.9 {} µs",
                design.name(),
                outcome.cost,
                outcome.calls_per_second,
                latency(500),
                latency(990),
                latency(999),
            ))?;
        }
        Ok(costs)
    }

    fn unary(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        use Design::{Etcd, Naive, Ours, OursPlain, RawUnary, Redis};
        let add = |figures: &mut Figures<'_>, goal, what: &str, bound, value: Option<Value>| {
            if let Some(value) = value {
                figures.add(goal, what, Some(bound), value);
            }
        };
        let costs = self.calls(figures, (5, 10), &[Ours, OursPlain, Naive, RawUnary, Etcd])?;
        let cost = |design: Design| costs.get(design.name()).copied();
        add(
            figures,
            "G2",
            "CPU time per call, 5 pairs, concurrency 10, relative to naive tonic",
            500,
            times(cost(Ours), cost(Naive)),
        );
        add(
            figures,
            "G4",
            "the same, relative to etcd Range (serializable)",
            150,
            times(cost(Ours), cost(Etcd)),
        );
        let costs = self.calls(figures, (40, 10), &[Ours, Naive])?;
        let cost = |design: Design| costs.get(design.name()).copied();
        add(
            figures,
            "G3",
            "the same, 40 pairs, relative to naive tonic",
            400,
            times(cost(Ours), cost(Naive)),
        );
        let costs = self.calls(figures, (5, 1), &[Ours, RawUnary, Redis])?;
        let cost = |design: Design| costs.get(design.name()).copied();
        add(
            figures,
            "G5",
            "the same, 5 pairs, concurrency 1, relative to redis GET",
            1400,
            times(cost(Ours), cost(Redis)),
        );
        add(
            figures,
            "G6",
            "the same, relative to frames written by hand",
            1700,
            times(cost(Ours), cost(RawUnary)),
        );
        Ok(())
    }

    /// A thousand subscribers, and revisions at a high rate.
    fn backlog(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        for (rate, arrival, newest) in [
            (
                400,
                "p99 of the delivery latency, 1 000 subscribers, 400 revisions/s",
                "subscribers without the newest revision at the end",
            ),
            (
                2000,
                "the same with 2 000 revisions/s",
                "subscribers without the newest revision at the end, 2 000 revisions/s",
            ),
        ] {
            let shape = fanout::Shape {
                pairs: PAIRS,
                connections: if self.is_quick { 200 } else { 1000 },
                streams: 1,
                publications: if self.is_quick { rate / 2 } else { rate * 3 },
                pause: Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX),
            };
            let outcome = backlog::run(Design::Ours, &shape)?;
            let p99 = percentile(&outcome.latencies, 990);
            figures.print(&format!(
                "  ours        {} subscribers, {} revisions, {rate}/s: {} messages, {} have the newest, p99 {p99} µs",
                shape.subscribers(),
                shape.publications,
                outcome.messages,
                outcome.current,
            ))?;
            figures.add("G13", arrival, Some(50_000), milliseconds(p99.into()));
            let lost = shape.subscribers().abs_diff(outcome.current);
            let value = Value {
                thousandths: u64::try_from(lost).unwrap_or(u64::MAX) * 1000,
                unit: "",
            };
            figures.add("G13", newest, Some(0), value);
        }
        Ok(())
    }

    fn start(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        for _start in 0..if self.is_quick { 3 } else { 5 } {
            let outcome = start::run()?;
            let what = "time from the start of the process to the first response";
            figures.add(
                "G15",
                what,
                Some(20_000),
                milliseconds(outcome.first_answer),
            );
            let what = "resident memory of an idle service";
            figures.add("G16", what, Some(20_000), mebibytes(outcome.idle_bytes));
        }
        if let Some(bytes) = start::shipped_bytes() {
            let what = "size of the program";
            figures.add("G16", what, Some(12_000), mebibytes(bytes));
        }
        Ok(())
    }
}
