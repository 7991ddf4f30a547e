//! Redirects: followed on the same host, with the cookies they set, twice at most.

use jiff::tz::TimeZone;
use silkrate::budget::{RequestBudget, RequestCounts};
use silkrate::clock::Clock;
use silkrate::domain::SourceId;
use silkrate::fetch::{FetchError, FetchResponse, Validators};

use crate::poller::fetch::{PATH, fetcher, refused};
use crate::support::scripted::{Scripted, Step, answer};

fn redirect(location: &str, cookie: &str) -> Vec<Step> {
    let location = format!("Location: {location}");
    let cookie = format!("Set-Cookie: {cookie}; Path=/; HttpOnly");
    answer("302 Found", &[&location, &cookie], b"")
}

#[tokio::test]
async fn a_redirect_to_the_same_path_with_a_cookie_is_followed_and_the_cookie_kept() {
    let document = answer("200 OK", &[], b"<rates/>");
    let replies = [redirect(PATH, "wall=7f"), document.clone(), document];
    let mut bank = Scripted::start(replies).await;
    let fetcher = fetcher(&bank);
    for cookies in [&[None, Some("wall=7f")][..], &[Some("wall=7f")]] {
        let response = fetcher.get(PATH, &Validators::default()).await.unwrap();
        assert!(
            matches!(&response, FetchResponse::Document { body, .. } if body == b"<rates/>"),
            "{response:?}"
        );
        for cookie in cookies {
            let request = bank.request().await;
            assert_eq!(request.target, PATH);
            assert_eq!(request.header("cookie"), *cookie);
        }
    }
    assert!(bank.has_no_request());
}

#[tokio::test]
async fn the_validators_go_with_a_redirect() {
    let known = [r#"ETag: "1""#];
    let replies = [
        answer("200 OK", &known, b"<rates/>"),
        redirect("/moved", "a=b"),
        answer("304 Not Modified", &known, b""),
    ];
    let mut bank = Scripted::start(replies).await;
    let fetcher = fetcher(&bank);
    let first = fetcher.get(PATH, &Validators::default()).await.unwrap();
    let FetchResponse::Document { validators, .. } = first else {
        panic!("{first:?}")
    };
    assert_eq!(
        fetcher.get(PATH, &validators).await,
        Ok(FetchResponse::NotModified)
    );
    bank.request().await;
    for target in [PATH, "/moved"] {
        let request = bank.request().await;
        assert_eq!(request.target, target);
        assert_eq!(request.header("if-none-match"), Some(r#""1""#));
    }
}

#[tokio::test]
async fn a_third_redirect_in_a_row_is_an_error() {
    let mut bank = Scripted::start(vec![redirect("/again", "a=b"); 9]).await;
    let error = fetcher(&bank)
        .get(PATH, &Validators::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "status 302, a redirect to /again that is not followed: no more than two redirects in a row are followed, within the budget of the day"
    );
    for target in [PATH, "/again", "/again"] {
        assert_eq!(bank.request().await.target, target);
    }
    assert!(bank.has_no_request());
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed_and_is_reported_without_its_query() {
    let elsewhere = Scripted::start([]).await;
    let by_name = elsewhere.base_url.replace("127.0.0.1", "localhost");
    for (target, shown, because) in [
        (
            format!("{by_name}/a?b=c"),
            format!("{by_name}/a"),
            "it is another host",
        ),
        (
            format!("{}/a", elsewhere.base_url),
            format!("{}/a", elsewhere.base_url),
            "it has another scheme or port",
        ),
        (
            "file:///etc/passwd".to_owned(),
            "file:///etc/passwd".to_owned(),
            "it is another host",
        ),
        (
            "https://bank.example/".to_owned(),
            "https://bank.example/".to_owned(),
            "it is another host",
        ),
    ] {
        let error = refused(redirect(&target, "a=b")).await;
        let FetchError::Redirect {
            status: 302,
            target,
            reason,
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(target, shown);
        assert!(reason.starts_with(because), "{shown}: {reason}");
        assert!(
            reason.ends_with("if the bank has moved, set base_url"),
            "{reason}"
        );
    }
    assert!(elsewhere.has_no_request());
}

#[tokio::test]
async fn redirects_and_retries_are_counted_and_none_is_sent_beyond_the_budget() {
    let replies = [
        redirect("/again", "a=b"),
        answer("200 OK", &[], b"<rates/>"),
        vec![Step::Close],
        answer("200 OK", &[], b"<rates/>"),
        redirect("/again", "a=b"),
    ];
    let mut bank = Scripted::start(replies).await;
    let (clock, counts) = (Clock::real(), RequestCounts::in_memory());
    let budget = RequestBudget::new(SourceId::new("nbk"), 5, TimeZone::UTC, clock, counts);
    let fetcher = fetcher(&bank).within(budget.clone());
    let get = async || fetcher.get(PATH, &Validators::default()).await;
    assert!(get().await.is_ok());
    assert_eq!(budget.count().today, 2, "with the redirect");
    assert!(get().await.is_ok());
    assert_eq!(budget.count().today, 4, "with the retry");
    let error = get().await.unwrap_err();
    assert!(matches!(error, FetchError::Redirect { .. }), "{error:?}");
    assert_eq!(get().await, Err(FetchError::BudgetUsedUp));
    for _ in 0..5 {
        bank.request().await;
    }
    assert!(bank.has_no_request());
}
