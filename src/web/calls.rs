//! The requests of the browsers' port by route and status, for the metrics.

use axum::http::StatusCode;

use crate::telemetry::CallCounts;

/// What every path of a route begins with, and the name of the route.
const ROUTES: [(&str, &str); 17] = [
    ("/v1/snapshot", "/v1/snapshot"),
    ("/v1/rates/", "/v1/rates"),
    ("/v1/watch", "/v1/watch"),
    ("/v1/history", "/v1/history"),
    ("/v1/periods", "/v1/periods"),
    ("/v1/fixings/", "/v1/fixings"),
    ("/v1/sources", "/v1/sources"),
    ("/v1/convert", "/v1/convert"),
    ("/v1/currencies", "/v1/currencies"),
    ("/v1/pairs", "/v1/pairs"),
    ("/v1/tokens", "/v1/tokens"),
    ("/silkrate.v1.RateService/", "grpc-web"),
    ("/ticker.html", "/ticker.html"),
    ("/ticker.svg", "/ticker.svg"),
    ("/chart/", "/chart"),
    ("/embed", "/embed"),
    // Pages, files, and what leads nowhere.
    ("", "other"),
];
/// The number that nginx gives to a request whose client left before its answer began. It is never sent.
const CLIENT_CLOSED_REQUEST: &str = "499";
/// The statuses of this server, and any other one.
const CODES: [&str; 26] = [
    "200", "204", "206", "302", "303", "304", "307", "308", "400", "401", "403", "404", "405",
    "406", "409", "413", "414", "415", "421", "429", "499", "500", "501", "503", "504", "other",
];

pub(super) fn counts() -> CallCounts {
    CallCounts::new(ROUTES.map(|(_, name)| name), &CODES, CLIENT_CLOSED_REQUEST)
}

/// The place of a route by a path of it.
pub(super) fn route(path: &str) -> usize {
    let mut routes = ROUTES.iter();
    let place = routes.position(|(prefix, _)| path.starts_with(prefix));
    place.unwrap_or(ROUTES.len())
}

/// The name of the route at a place.
pub(super) fn name(route: usize) -> &'static str {
    ROUTES.get(route).map_or("other", |(_, name)| *name)
}

/// The place of a status.
pub(super) fn code(status: StatusCode) -> usize {
    let place = CODES.iter().position(|code| *code == status.as_str());
    place.unwrap_or(CODES.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_path_belongs_to_the_route_that_it_begins_with() {
        for (path, expected) in [
            ("/v1/snapshot.csv", "/v1/snapshot"),
            ("/v1/rates/KZT/USD", "/v1/rates"),
            ("/v1/history", "/v1/history"),
            ("/chart/USD-KZT.svg", "/chart"),
            ("/chart.js", "other"),
            ("/silkrate.v1.RateService/GetRate", "grpc-web"),
            ("/", "other"),
            ("/KZT", "other"),
            ("/nothing", "other"),
        ] {
            assert_eq!(ROUTES[route(path)].1, expected, "{path}");
        }
    }

    #[test]
    fn every_path_of_the_router_has_a_route_and_every_route_a_path() {
        // The pages, and the health service, which is not one of the rates.
        let unnamed = [
            "/",
            "/{code}",
            "/{code}/",
            "/grpc.health.v1.Health/{*method}",
        ];
        let served = include_str!("../web.rs")
            .split_once("fn router(")
            .unwrap()
            .1;
        let mut paths = BTreeSet::new();
        for call in [".route(", ".route_service("] {
            let calls = served.split(call).skip(1);
            paths.extend(calls.map(|call| call.split('"').nth(1).unwrap()));
        }
        let mut found = BTreeSet::from(["other"]);
        for path in paths {
            let name = ROUTES[route(path)].1;
            assert_eq!(name == "other", unnamed.contains(&path), "{path}: {name}");
            found.insert(name);
        }
        assert_eq!(found, ROUTES.map(|(_, name)| name).into());
    }

    #[test]
    fn a_status_that_is_not_listed_is_another_one() {
        assert_eq!(CODES[code(StatusCode::OK)], "200");
        assert_eq!(CODES[code(StatusCode::GATEWAY_TIMEOUT)], "504");
        assert_eq!(CODES[code(StatusCode::IM_A_TEAPOT)], "other");
    }
}
