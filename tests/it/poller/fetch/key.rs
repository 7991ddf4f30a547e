//! A key is sent to the vendor alone, and an invalid address is refused before anything is sent.

use std::fmt::Write;

use silkrate::config::{ApiKey, CertificateAuthorities, Http};
use silkrate::fetch::{FetchError, Fetcher, Validators};
use silkrate::sources::ApiKeyPlacement;

use crate::poller::fetch::{PATH, SECRET, limits, settings};
use crate::support::scripted::{Scripted, Step, answer};

#[tokio::test]
async fn a_key_goes_where_the_vendor_wants_it_and_nowhere_else() {
    let replies = || {
        [
            answer("200 OK", &[], b"{}"),
            answer(
                "302 Found",
                &[&format!("Location: /{SECRET}?key={SECRET}")],
                b"",
            ),
            answer("500 Oh", &[], SECRET.as_bytes()),
            vec![Step::Reset],
            vec![Step::Reset],
        ]
    };
    let expected = [
        (ApiKeyPlacement::Open, None, PATH.to_owned()),
        (
            ApiKeyPlacement::Header("apikey"),
            Some(SECRET),
            PATH.to_owned(),
        ),
        (
            ApiKeyPlacement::Query("access_key"),
            None,
            format!("{PATH}&access_key=s3cret+key"),
        ),
    ];
    for (access, header, target) in expected {
        let mut bank = Scripted::start(replies()).await;
        let fetcher = Fetcher::new(&limits(), &settings(&bank.base_url, access)).unwrap();
        let mut said = format!("{fetcher:?} {}", fetcher.url(PATH));
        fetcher.get(PATH, &Validators::default()).await.unwrap();
        let request = bank.request().await;
        assert_eq!(request.header("apikey"), header);
        assert_eq!(request.target, target);
        for _ in 0..3 {
            let error = fetcher.get(PATH, &Validators::default()).await.unwrap_err();
            write!(said, " {error} {error:?}").unwrap();
        }
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn an_invalid_request_is_refused_before_it_is_sent() {
    let new = |base_url: &str, key: &str, ca| {
        let mut settings = settings(base_url, ApiKeyPlacement::Header("apikey"));
        settings.api_key = Some(ApiKey::new(key.to_owned()));
        Fetcher::new(&Http { ca, ..limits() }, &settings).map(|_| ())
    };
    let bundled = CertificateAuthorities::Bundled;
    let nowhere = CertificateAuthorities::File("/nonexistent/ca.pem".into());
    let error = new("ftp://nationalbank.kz", SECRET, bundled.clone()).unwrap_err();
    assert!(matches!(error, FetchError::Address { .. }), "{error:?}");
    let error = new("http://nationalbank.kz", "two\nlines", bundled.clone()).unwrap_err();
    assert_eq!(error, FetchError::UnusableKey);
    let error = new("https://nationalbank.kz", SECRET, nowhere.clone()).unwrap_err();
    assert!(matches!(error, FetchError::Authorities(_)), "{error:?}");
    assert!(error.to_string().contains("/nonexistent/ca.pem"), "{error}");
    assert_eq!(
        new("http://127.0.0.1:1", SECRET, nowhere),
        Ok(()),
        "plain text needs no authority"
    );
    assert_eq!(new("https://nationalbank.kz", SECRET, bundled), Ok(()));
}
