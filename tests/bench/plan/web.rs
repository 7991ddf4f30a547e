//! The part with browsers.

use std::io;
use std::time::Duration;

use super::{Figures, Plan, times};
use crate::load::Workload;
use crate::servers::nginx::Nginx;
use crate::servers::{Design, Server};
use crate::unary::{self, Shape};
use crate::web::{Case, Pair};

/// The requests that are compared with nginx.
const CASES: [Case; 12] = [
    Case::of("/v1/snapshot.json", ""),
    Case::of("/v1/snapshot.json", "gzip"),
    Case::of("/ticker.html", ""),
    Case::of("/ticker.html", "gzip"),
    Case::of("/v1/rates/KZT/USD", ""),
    Case::of("/ticker.js", ""),
    Case::of("/ticker.js", "gzip"),
    Case::of("/ticker.js", "br"),
    Case::of("/v1/openapi.json", ""),
    Case::of("/v1/openapi.json", "br"),
    Case::held("/ticker.js"),
    Case::held("/v1/snapshot.json"),
];
/// The same two pairs as JSON over HTTP/1.1, and over gRPC.
const TWO_PAIRS: Case = Case::of("/v1/snapshot.json?pairs=KZT/USD,KZT/EUR", "");

impl Plan {
    /// Responses to browsers compared with nginx, and a snapshot as JSON compared with the same over gRPC.
    pub(super) fn web(&self, figures: &mut Figures<'_>) -> io::Result<()> {
        let shape = Shape {
            pairs: 2,
            connections: 10,
            at_once: 1,
            lasting: Duration::from_millis(if self.is_quick { 700 } else { 2000 }),
        };
        if Nginx::is_here() {
            let pair = Pair::start(&CASES)?;
            for (index, case) in CASES.iter().enumerate() {
                let cost = pair.measure(index, &shape)?;
                let name = case.name();
                figures.print(&format!(
                    "  {name:40} {:6} ns per response, nginx {:6} ns",
                    cost.ours, cost.nginx
                ))?;
                let what = format!("CPU time per response, {name}, relative to nginx");
                if let Some(value) = times(Some(cost.ours), Some(cost.nginx)) {
                    figures.add("G17", &what, Some(2000), value);
                }
            }
        } else {
            figures.print("  nginx is not installed: no comparison with it")?;
        }
        let web = Server::start(Design::OursWeb, 0)?;
        let request = TWO_PAIRS.request(TWO_PAIRS.path, None);
        let workload = Workload::Http1(request.as_bytes().into());
        let json = unary::measure(web.address, web.pid(), &workload, &shape)?.cost;
        drop(web);
        let grpc = unary::run(Design::Ours, &shape)?.cost;
        figures.print(&format!(
            "  {:40} {json:6} ns per response, GetSnapshot {grpc:6} ns",
            TWO_PAIRS.name()
        ))?;
        if let Some(value) = times(Some(json), Some(grpc)) {
            let what = "CPU time per response, snapshot.json of 2 pairs, relative to GetSnapshot";
            figures.add("G18", what, Some(1500), value);
        }
        Ok(())
    }
}
