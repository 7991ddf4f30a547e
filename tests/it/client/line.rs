//! The line of `silkrate watch`, with the rates of a service that polls the Kazakh bank of 2 April 2026.

use crate::client::commands::silkrate;
use crate::support::april::{bank_of_april, silkrate_of_april};

#[tokio::test]
async fn a_watch_prints_the_line_of_a_news_site_or_the_digits_and_the_form_that_are_chosen() {
    let bank = bank_of_april().await;
    let service = silkrate_of_april(&bank).await;
    let pairs = ["USD/KZT", "KZT/USD"];
    for (options, line) in [
        (
            &[][..],
            "USD/KZT = 475.09000 -0.77% • KZT/USD = 0.00210 0.77%",
        ),
        (
            &["--digits", "auto"],
            "USD/KZT = 475.09 -0.77% • KZT/USD = 0.0021049 0.77%",
        ),
        (
            &["--digits", "auto", "--form", "local"],
            "1 USD = 475.09 KZT -0.77% • 1 USD = 475.09 KZT -0.77%",
        ),
        (
            &["--digits", "3", "--form", "pair"],
            "USD/KZT = 475.090 -0.77% • KZT/USD = 0.0021 0.77%",
        ),
    ] {
        let server = ["--once", "--server", &service.url];
        let ran = silkrate(&[&["watch"][..], &pairs, options, &server].concat()).await;
        assert_eq!(ran.out, format!("{line}\n"), "{options:?}: {ran:?}");
    }
    let ran = silkrate(&["watch", "--digits", "eleven", "--server", &service.url]).await;
    assert_eq!(ran.code, 64, "{ran:?}");
    assert!(ran.err.contains("--digits"), "{ran:?}");
    service.finish().await;
}
