//! The environment variables that name the server of a command.

use crate::client::commands::{held, known, silkrate_in};
use crate::client::operators;
use crate::client::server::serve_known;

/// A port on which nothing listens.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn an_option_has_precedence_over_the_variable_that_names_the_server() {
    let running = serve_known(known()).await;
    let url = running.client.url();
    let convert = ["convert", "-1000.50", "USD", "KZT", "--date", "2026-04-05"];
    let ran = silkrate_in(&[("SILKRATE_URL", url)], &convert).await;
    assert!(ran.out.starts_with("-1000.50 USD = "), "{ran:?}");

    let elsewhere = [&convert[..], &["--server", NOWHERE]].concat();
    let ran = silkrate_in(&[("SILKRATE_URL", url)], &elsewhere).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no connection to http://127.0.0.1:1"));

    let here = [&convert[..], &["--server", url]].concat();
    let ran = silkrate_in(&[("SILKRATE_URL", NOWHERE)], &here).await;
    assert!(ran.out.starts_with("-1000.50 USD = "), "{ran:?}");
}

#[tokio::test]
async fn a_variable_that_is_no_url_is_refused_with_its_name() {
    for wrong in ["", "rates.example:50051"] {
        let ran = silkrate_in(&[("SILKRATE_URL", wrong)], &["sources"]).await;
        assert_eq!(ran.code, 64, "{ran:?}");
        assert!(ran.err.contains("with --server or in SILKRATE_URL"));
    }
    let wrong = [("SILKRATE_ADMIN_URL", "nowhere")];
    let ran = silkrate_in(&wrong, &["held"]).await;
    assert_eq!(ran.code, 64, "{ran:?}");
    assert!(ran.err.contains("with --admin or in SILKRATE_ADMIN_URL"));
}

#[tokio::test]
async fn a_variable_names_the_port_of_operators() {
    let running = operators::serve(held()).await;
    let admin = [("SILKRATE_ADMIN_URL", running.url.as_str())];
    let ran = silkrate_in(&admin, &["held"]).await;
    assert!(ran.out.contains("cbu/daily/2026-04-02/TMT"), "{ran:?}");
}
