//! Who is admitted to what: every method of the contracts and every route of the ports, for a client without a key, with one to
//! read, and with that of an operator.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use silkrate::access::Scope;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::contract::descriptor::pool;
use crate::support::browser::open;
use crate::support::keys::{Keys, bearer};
use crate::support::silkrate::{Silkrate, settings};

/// Who is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Every client, with or without a key.
    Open,
    /// Readers: every client, but where keys are required.
    Readers,
    /// Operators: the holders of a key for it, and on a port that is open to operators every client, but where keys are required.
    Operators,
}

use Rule::{Open, Operators, Readers};

/// The methods of gRPC. A new one needs a row.
const METHODS: &[(&str, Rule)] = &[
    ("silkrate.v1.RateService/GetSnapshot", Readers),
    ("silkrate.v1.RateService/GetRate", Readers),
    ("silkrate.v1.RateService/WatchRates", Readers),
    ("silkrate.v1.RateService/ConvertAmount", Readers),
    ("silkrate.v1.RateService/ListFixings", Readers),
    ("silkrate.v1.RateService/ListRateHistory", Readers),
    ("silkrate.v1.RateService/ListPeriodRates", Readers),
    ("silkrate.v1.RateService/ListSources", Readers),
    ("silkrate.v1.RateService/ListCurrencies", Readers),
    ("silkrate.v1.RateService/ListPairs", Readers),
    ("silkrate.admin.v1.AdminService/ListHeld", Operators),
    ("silkrate.admin.v1.AdminService/ReleaseHeld", Operators),
    ("silkrate.admin.v1.AdminService/RejectHeld", Operators),
    ("silkrate.admin.v1.AdminService/ListFiledDates", Operators),
    ("silkrate.admin.v1.AdminService/FileTable", Operators),
    ("silkrate.admin.v1.AdminService/GetStore", Operators),
    ("silkrate.admin.v1.AdminService/ListReplicas", Operators),
    ("silkrate.admin.v1.AdminService/StepDown", Operators),
    ("silkrate.admin.v1.AdminService/GetSettings", Operators),
];

/// What else the port of gRPC answers.
const OTHERS_OF_GRPC: &[(&str, Rule)] = &[
    ("grpc.health.v1.Health/Check", Open),
    ("grpc.health.v1.Health/Watch", Open),
    (
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        Readers,
    ),
    (
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        Readers,
    ),
    ("no.such.Service/Method", Readers),
];

/// What else the operators' port answers over gRPC.
const OTHERS_OF_OPERATORS: &[(&str, Rule)] = &[
    (
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        Operators,
    ),
    (
        "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        Operators,
    ),
    ("no.such.Service/Method", Operators),
];

/// The routes of browsers that are code, not data.
const FILES: &[&str] = &[
    "/ticker.js",
    "/chart.js",
    "/ticker.json",
    "/v1/openapi.json",
];

/// The routes of the operators' port.
const ROUTES_OF_OPERATORS: &[(&str, Rule)] = &[
    ("/livez", Open),
    ("/readyz", Open),
    ("/startupz", Open),
    ("/metrics", Operators),
    ("/version", Operators),
];

/// The routes of browsers. A new one needs a row.
const ROUTES: &[(&str, Rule)] = &[
    ("/v1/fixings/{source}/{currency}", Readers),
    ("/v1/history/{base}/{quote}", Readers),
    ("/v1/history", Readers),
    ("/v1/history.csv", Readers),
    ("/v1/history.ndjson", Readers),
    ("/v1/periods", Readers),
    ("/v1/periods.csv", Readers),
    ("/v1/periods.ndjson", Readers),
    ("/v1/currencies", Readers),
    ("/v1/currencies.csv", Readers),
    ("/v1/currencies.ndjson", Readers),
    ("/v1/pairs", Readers),
    ("/v1/pairs.csv", Readers),
    ("/v1/pairs.ndjson", Readers),
    ("/v1/sources", Readers),
    ("/v1/sources.csv", Readers),
    ("/v1/sources.ndjson", Readers),
    ("/v1/convert", Readers),
    ("/v1/convert.csv", Readers),
    ("/v1/convert.ndjson", Readers),
    ("/v1/snapshot", Readers),
    ("/v1/rates/{base}/{quote}", Readers),
    ("/v1/snapshot.json", Readers),
    ("/v1/snapshot.csv", Readers),
    ("/v1/snapshot.ndjson", Readers),
    ("/v1/watch", Readers),
    ("/ticker.html", Readers),
    ("/chart/{name}", Readers),
    ("/", Readers),
    ("/{code}", Readers),
    ("/{code}/", Readers),
    ("/embed", Readers),
    ("/ticker.svg", Readers),
    // By GET: it is answered that it takes POST alone. Its own tests ask it for tokens, which need a key in any case.
    ("/v1/tokens", Readers),
];

/// The routes that lead to services of gRPC-Web, whose methods are asked one by one.
const SERVICES: &[&str] = &[
    "/silkrate.v1.RateService/{*method}",
    "/grpc.health.v1.Health/{*method}",
];

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It was answered, well or not.
    Admitted,
    /// Its client is not known.
    Unauthenticated,
    /// Its client is known, and may not.
    Denied,
}

/// The service of a row of the matrix.
struct Setting {
    silkrate: Silkrate,
    /// Whether keys are required.
    is_required: bool,
    /// Whether the operators' port is open as long as none are.
    is_open: bool,
    /// No key, one to read, and one of an operator, as the value of the header.
    keys: [Option<String>; 3],
    _file: Keys,
}

impl Setting {
    async fn start(is_required: bool, is_open: bool) -> Self {
        let keys = Keys::new();
        let both = [("reader", Scope::Read), ("operator", Scope::Admin)];
        let [read, admin] = both.map(|(name, scope)| Some(bearer(&keys.add(name, scope))));
        let mut config = settings("2026-04-02T09:00:00Z");
        config.access = keys.settings(is_required);
        if !is_open {
            config.server.admin_listen = ([0, 0, 0, 0], 0).into();
        }
        Self {
            silkrate: Silkrate::start(config).await,
            is_required,
            is_open,
            keys: [None, read, admin],
            _file: keys,
        }
    }

    fn expected(&self, rule: Rule, key: usize) -> Verdict {
        let demands_key = match rule {
            Open => false,
            Readers => self.is_required,
            Operators => self.is_required || !self.is_open,
        };
        match (demands_key, key, rule) {
            (false, ..) | (true, 2, _) | (true, 1, Readers) => Verdict::Admitted,
            (true, 0, _) => Verdict::Unauthenticated,
            _ => Verdict::Denied,
        }
    }

    fn grpc(&self) -> SocketAddr {
        self.silkrate
            .url
            .trim_start_matches("http://")
            .parse()
            .unwrap()
    }

    fn operators(&self) -> SocketAddr {
        let url = self.silkrate.admin_url.replace("0.0.0.0", "127.0.0.1");
        url.trim_start_matches("http://").parse().unwrap()
    }
}

/// The verdict on a call of gRPC.
async fn call(address: SocketAddr, method: &str, key: Option<&str>) -> Verdict {
    let socket = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let mut request = Request::post(format!("http://silkrate/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    let mut client = client.ready().await.unwrap();
    let (answer, mut body) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    // An empty message.
    // A refusal may come before it, and end the stream.
    drop(body.send_data(Bytes::from_static(&[0; 5]), true));
    let answer = answer.await.unwrap();
    match answer
        .headers()
        .get("grpc-status")
        .map(|status| status.to_str().unwrap())
    {
        Some("16") => Verdict::Unauthenticated,
        Some("7") => Verdict::Denied,
        _ => Verdict::Admitted,
    }
}

/// The verdict on a request over HTTP.
async fn request(address: SocketAddr, request: (&str, &str), key: Option<&str>) -> Verdict {
    let mut headers = Vec::new();
    headers.extend(key.map(|key| ("authorization", key)));
    match open(address, request, &headers, b"").await.status() {
        401 => Verdict::Unauthenticated,
        403 => Verdict::Denied,
        _ => Verdict::Admitted,
    }
}

/// The verdict on a call of gRPC-Web: its code is in the headers of a refusal.
async fn call_from_page(address: SocketAddr, method: &str, key: Option<&str>) -> Verdict {
    let path = format!("/{method}");
    let mut headers = vec![("content-type", "application/grpc-web+proto")];
    headers.extend(key.map(|key| ("authorization", key)));
    let answer = open(address, ("POST", &path), &headers, &[0; 5]).await;
    match (answer.status(), answer.header("grpc-status")) {
        (200, Some("16")) => Verdict::Unauthenticated,
        (200, Some("7")) => Verdict::Denied,
        (200, _) => Verdict::Admitted,
        other => panic!("{method}: {other:?}"),
    }
}

/// A path of a route.
fn path(route: &str) -> String {
    [
        ("{source}", "nbk"),
        ("{currency}", "USD"),
        ("{base}", "KZT"),
        ("{quote}", "USD"),
        ("{name}", "USD-KZT.svg"),
        ("{code}", "KZT"),
    ]
    .iter()
    .fold(route.to_owned(), |path, (part, value)| {
        path.replace(part, value)
    })
}

/// The routes in the text of a router.
fn routes(source: &str) -> BTreeSet<&str> {
    let calls = [".route(", ".route_service("].map(|call| source.split(call).skip(1));
    let calls = calls.into_iter().flatten();
    let texts = calls.filter_map(|call| call.split('"').nth(1));
    texts.filter(|text| text.starts_with('/')).collect()
}

#[test]
fn every_method_and_every_route_has_a_rule() {
    let services = pool().services();
    let methods: BTreeSet<String> = services
        .flat_map(|service| {
            service
                .methods()
                .map(|method| method.full_name().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let ruled: BTreeSet<String> = METHODS
        .iter()
        .map(|(name, _)| name.replace('/', "."))
        .collect();
    assert_eq!(methods, ruled);
    let web = include_str!("../../../src/web.rs")
        .split_once("fn router(")
        .unwrap()
        .1;
    let ruled: BTreeSet<&str> = ROUTES.iter().map(|(route, _)| *route).collect();
    let ruled: BTreeSet<&str> = ruled.iter().chain(SERVICES).copied().collect();
    assert_eq!(routes(web), ruled);
    let operators = include_str!("../../../src/admin/pages.rs");
    let ruled: BTreeSet<&str> = ROUTES_OF_OPERATORS
        .iter()
        .map(|(route, _)| *route)
        .collect();
    assert_eq!(routes(operators), ruled);
}

/// What is asked, its rule, and how it ended.
type Row = (String, Rule, Verdict);

fn is_of_operators(method: &str) -> bool {
    method.starts_with("silkrate.admin.")
}

/// The methods of every port, called with a key.
async fn called(setting: &Setting, key: Option<&str>) -> Vec<Row> {
    let (grpc, operators, web) = (setting.grpc(), setting.operators(), setting.silkrate.web);
    let mut rows = Vec::new();
    for (method, rule) in METHODS.iter().chain(OTHERS_OF_GRPC) {
        if !is_of_operators(method) {
            let found = call(grpc, method, key).await;
            rows.push((format!("grpc {method}"), *rule, found));
        }
    }
    for (method, _) in METHODS.iter().chain(OTHERS_OF_OPERATORS) {
        let found = call(operators, method, key).await;
        rows.push((format!("admin {method}"), Operators, found));
    }
    for (method, rule) in METHODS.iter().chain(&OTHERS_OF_GRPC[..2]) {
        if !is_of_operators(method) {
            let found = call_from_page(web, method, key).await;
            rows.push((format!("web {method}"), *rule, found));
        }
    }
    rows
}

/// The routes of both ports with pages, requested with a key.
async fn requested(setting: &Setting, key: Option<&str>) -> Vec<Row> {
    let (operators, web) = (setting.operators(), setting.silkrate.web);
    let files = FILES.iter().map(|file| (*file, Open));
    let of_web = ROUTES.iter().copied().chain(files);
    let of_web = of_web.chain([("/nowhere/at/all", Readers)]);
    let mut rows = Vec::new();
    for (route, rule) in of_web {
        let found = request(web, ("GET", &path(route)), key).await;
        rows.push((format!("web {route}"), rule, found));
    }
    for (route, rule) in ROUTES_OF_OPERATORS {
        let found = request(operators, ("GET", route), key).await;
        rows.push((format!("admin {route}"), *rule, found));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_admitted_to_what_its_rule_says() {
    for (is_required, is_open) in [(false, true), (false, false), (true, true), (true, false)] {
        let setting = Setting::start(is_required, is_open).await;
        let mut wrong = Vec::new();
        for (index, key) in setting.keys.iter().enumerate() {
            let mut rows = called(&setting, key.as_deref()).await;
            rows.extend(requested(&setting, key.as_deref()).await);
            assert!(rows.len() > 85, "{rows:?}");
            wrong.extend(rows.into_iter().filter_map(|(what, rule, found)| {
                let expected = setting.expected(rule, index);
                let text = format!("{what}, key {index}: {found:?}, not {expected:?}");
                (found != expected).then_some(text)
            }));
        }
        let where_found = format!("required: {is_required}, open: {is_open}");
        assert_eq!(wrong, Vec::<String>::new(), "{where_found}");
        setting.silkrate.finish().await;
    }
}
