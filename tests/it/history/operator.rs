//! What an operator sees and decides, and which tables an operator may submit.

use silkrate::pb::admin::{GetStoreRequest, ListHeldRequest, ReleaseHeldRequest, Table};
use tonic::Code;

use crate::history::{admin, table_request};
use crate::support::april::{bank_of_april, nbk, nbk_path, silkrate_of_april};
use crate::support::silkrate::reason;

#[tokio::test]
async fn an_operator_sees_what_is_held_and_releases_it_for_every_client() {
    let bank = bank_of_april().await;
    let mut silkrate = silkrate_of_april(&bank).await;
    let second = nbk("03.04.2026", ("575.09", "100"), ("3.91", "0"));
    bank.publish(&[(nbk_path("03.04.2026"), second)]);
    let id = "nbk/daily/2026-04-03/USD";
    silkrate
        .committed(|snapshot| snapshot.sources().any(|state| !state.held.is_empty()))
        .await;
    let mut operator = admin(&silkrate).await;
    let held = operator
        .list_held(ListHeldRequest {})
        .await
        .unwrap()
        .into_inner()
        .held;
    assert_eq!(held[0].id, id);
    assert_eq!(silkrate.rate("KZT/USD").await.held, held);
    let seen = |value: &str| ReleaseHeldRequest {
        id: id.to_owned(),
        value: Some(value.to_owned()),
        note: "the page says so".to_owned(),
    };
    let other = operator.release_held(seen("575")).await.unwrap_err();
    let changed = (
        Code::FailedPrecondition,
        "HELD_VALUE_CHANGED".to_owned(),
        None,
    );
    assert_eq!(reason(&other), changed);
    let released = operator
        .release_held(seen("575.09"))
        .await
        .unwrap()
        .into_inner();
    let rate = silkrate.rate("USD/KZT").await;
    assert_eq!(rate.announced.unwrap().value, "575.09");
    assert_eq!(rate.held, []);
    assert_eq!(released.position, silkrate.snapshot(&[]).await.position);
    let gone = operator.release_held(seen("575.09")).await.unwrap_err();
    assert_eq!(reason(&gone), (Code::NotFound, "NOT_HELD".to_owned(), None));
    let store = operator
        .get_store(GetStoreRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!((&store.path, &store.error), (&None, &None));
    silkrate.finish().await;
}

#[tokio::test]
async fn a_submitted_table_is_checked_as_strictly_as_one_of_a_bank() {
    let bank = bank_of_april().await;
    let silkrate = silkrate_of_april(&bank).await;
    let mut operator = admin(&silkrate).await;
    let spoil = |change: &dyn Fn(&mut Table)| {
        let mut request = table_request("2026-03-27", "483.10", "3.95");
        change(request.table.as_mut().unwrap());
        request
    };
    let wrong = [
        (spoil(&|table| table.source = "ecb".to_owned()), "source"),
        (
            spoil(&|table| table.document = "weekly".to_owned()),
            "document",
        ),
        (
            spoil(&|table| table.effective_date.clear()),
            "table.effective_date",
        ),
        (spoil(&|table| table.rows.clear()), "table.rows"),
        (
            spoil(&|table| table.rows[1].value = "0".to_owned()),
            "table.rows[1]",
        ),
        (
            spoil(&|table| table.rows[1].units = "7".to_owned()),
            "table.rows[1]",
        ),
        (
            spoil(&|table| table.rows[1].home_currency = "UZS".to_owned()),
            "table.rows[1]",
        ),
        (
            spoil(&|table| table.rows[1].currency = "USD".to_owned()),
            "table.rows[1]",
        ),
    ];
    for (request, field) in wrong {
        let refused = operator.file_table(request).await.unwrap_err();
        assert_eq!(reason(&refused).2.as_deref(), Some(field));
    }
    let without_dollar = spoil(&|table| drop(table.rows.remove(0)));
    let refused = operator
        .file_table(without_dollar)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(refused.refused(), "there is no row for USD");
    silkrate.finish().await;
}
