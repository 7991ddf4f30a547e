//! Proxies: which requests go through one, and what it is asked.

use silkrate::config::{Http, Proxy, ProxyUrl, ProxyVariables};
use silkrate::fetch::{FetchError, Fetcher, Validators};
use silkrate::sources::ApiKeyPlacement;

use crate::poller::fetch::{PATH, limits, settings};
use crate::support::scripted::{Scripted, answer};

fn url_of(proxy: &Scripted) -> ProxyUrl {
    ProxyUrl::parse(&proxy.base_url.replace("http://", "http://me:s3cret@")).unwrap()
}

/// The environment that names a proxy.
fn environment(proxy: &Scripted) -> Proxy {
    Proxy::Environment(ProxyVariables {
        https: Some(url_of(proxy)),
        http: Some(url_of(proxy)),
        no_proxy: String::new(),
    })
}

fn fetcher(base_url: &str, proxy: Proxy, of_source: Option<Proxy>) -> Fetcher {
    let mut settings = settings(base_url, ApiKeyPlacement::Open);
    settings.proxy = of_source;
    Fetcher::new(&Http { proxy, ..limits() }, &settings).unwrap()
}

#[tokio::test]
async fn a_document_is_fetched_through_the_proxy_of_the_environment() {
    let mut proxy = Scripted::start([answer("200 OK", &[], b"<rates/>")]).await;
    let fetcher = fetcher("http://bank.invalid", environment(&proxy), None);
    fetcher.get(PATH, &Validators::default()).await.unwrap();
    let request = proxy.request().await;
    assert_eq!(request.target, format!("http://bank.invalid{PATH}"));
    // The user and the password of the variable, in base64.
    assert_eq!(
        request.header("proxy-authorization"),
        Some("Basic bWU6czNjcmV0")
    );
}

#[tokio::test]
async fn a_bank_with_tls_is_reached_through_a_tunnel() {
    let mut proxy = Scripted::start([answer("407 Proxy Authentication Required", &[], b"")]).await;
    let fetcher = fetcher("https://bank.invalid", environment(&proxy), None);
    let error = fetcher.get(PATH, &Validators::default()).await.unwrap_err();
    assert_eq!(proxy.request().await.target, "bank.invalid:443");
    let FetchError::Proxy { proxy: named, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*named, proxy.base_url);
    let said = format!("{error} {error:?} {fetcher:?}");
    assert!(!said.contains("s3cret"), "{said}");
    assert!(error.affects_all_documents());
}

#[tokio::test]
async fn a_bank_on_loopback_is_reached_directly() {
    let proxy = Scripted::start([]).await;
    let mut bank = Scripted::start([answer("200 OK", &[], b"<rates/>")]).await;
    let direct = fetcher(&bank.base_url, environment(&proxy), None);
    direct.get(PATH, &Validators::default()).await.unwrap();
    assert_eq!(bank.request().await.target, PATH);
    assert!(proxy.has_no_request());
}

#[tokio::test]
async fn the_proxy_of_a_source_replaces_that_of_all() {
    let document = answer("200 OK", &[], b"<rates/>");
    let unused = Scripted::start([]).await;
    let mut proxy = Scripted::start([document.clone()]).await;
    let configured = Proxy::Url(ProxyUrl::parse(&proxy.base_url).unwrap());
    let through = fetcher("http://127.0.0.1:9", environment(&unused), Some(configured));
    through.get(PATH, &Validators::default()).await.unwrap();
    let target = proxy.request().await.target;
    assert_eq!(
        target,
        format!("http://127.0.0.1:9{PATH}"),
        "loopback, because it is configured"
    );

    let mut bank = Scripted::start([document]).await;
    let all = Proxy::Url(ProxyUrl::parse(&unused.base_url).unwrap());
    let direct = fetcher(&bank.base_url, all, Some(Proxy::Direct));
    direct.get(PATH, &Validators::default()).await.unwrap();
    assert_eq!(bank.request().await.target, PATH);
    assert!(unused.has_no_request());
}
