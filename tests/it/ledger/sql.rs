//! The file as seen with `sqlite3`: plain queries have plain results, and no row can be changed.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use silkrate::domain::{
    Answer, Check, DecidedBy, Decision, Fingerprint, Held, HeldOutcome, LedgerEntry,
    ServedFingerprint,
};

use crate::ledger::{APRIL_1, APRIL_2, MARKET, NBK, entry, filed, market, open, place, tenge};

/// A ledger that has something in every table.
async fn fill(path: &Path) {
    let (ledger, _) = open(path);
    let first = tenge(APRIL_1, &[("EUR", 1, "511.20"), ("USD", 1, "475.09")]);
    let market = market(APRIL_1, &[("KZT", 1, "480.1")]);
    let misprinted = tenge(APRIL_2, &[("USD", 1, "47509"), ("CNY", 1, "0.1")]);
    let held = |code: &str| {
        Arc::new(Held {
            document: NBK.document,
            code: silkrate::domain::Currency::parse(code).unwrap(),
            fixing: Arc::clone(&misprinted.rows[&silkrate::domain::Currency::parse(code).unwrap()]),
            check: Check::UnitJump,
            detail: "a hundred times as much".into(),
            since: super::at(1),
            change: None,
        })
    };
    let one = LedgerEntry {
        filed: vec![filed(NBK, &first), filed(MARKET, &market)],
        held: vec![held("USD"), held("CNY")],
        attempted: vec![NBK.source],
        answered: vec![Answer {
            source: NBK.source,
            document: NBK.document,
            asked_at: super::at(1),
        }],
        served: vec![ServedFingerprint {
            subject: "KZT/USD".into(),
            fingerprint: Some(Fingerprint::of_text("what is served")),
        }],
        ..entry(1, Vec::new())
    };
    let corrected = tenge(APRIL_1, &[("USD", 1, "475.90")]);
    let decision = Decision {
        held: held("USD"),
        outcome: HeldOutcome::Rejected,
        by: DecidedBy::Operator,
        note: String::new(),
    };
    let two = LedgerEntry {
        decided: vec![decision],
        ..entry(2, vec![filed(NBK, &corrected)])
    };
    ledger.append(one).await.unwrap();
    ledger.append(two).await.unwrap();
    ledger.close().await;
}

/// The rows of a query, with a bar between the columns, as `sqlite3` prints them.
fn answer(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let text = |value: rusqlite::types::Value| match value {
        rusqlite::types::Value::Null => String::new(),
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => panic!("{other:?}"),
    };
    let rows = statement.query_map([], |row| {
        let cells: Result<Vec<_>, _> = (0..columns)
            .map(|column| row.get(column).map(text))
            .collect();
        Ok(cells?.join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_query_of_a_user_is_one_plain_select() {
    let (_folder, path) = place();
    fill(&path).await;
    let connection = Connection::open(&path).unwrap();
    let on_the_day =
        "SELECT date, source, currency, units, value, home_currency FROM current_fixings
        WHERE date = '2026-04-01' ORDER BY source, currency";
    assert_eq!(
        answer(&connection, on_the_day),
        [
            "2026-04-01|market|USD|1|480.1|KZT",
            "2026-04-01|nbk|EUR|1|511.20|KZT",
            "2026-04-01|nbk|USD|1|475.90|KZT",
        ]
    );
    // The name of version 1 can still be queried.
    let by_the_old_name = on_the_day.replace("current_fixings", "rates");
    assert_eq!(
        answer(&connection, &by_the_old_name),
        answer(&connection, on_the_day)
    );
    assert_eq!(
        answer(
            &connection,
            "SELECT date, source, currency, value, new_value, recorded_at, replaced_at FROM replaced"
        ),
        [
            "2026-04-01|nbk|USD|475.09|475.90|2026-04-02T09:00:01.123456789Z|2026-04-02T09:00:02.123456789Z"
        ]
    );
    assert_eq!(
        answer(
            &connection,
            "SELECT date, source, currency, value, check_name FROM waiting"
        ),
        ["2026-04-02|nbk|CNY|0.1|unit_jump"]
    );
    assert_eq!(
        answer(
            &connection,
            "SELECT entry, epoch, revision, cause, source, fixings FROM entries"
        ),
        ["1|first|1|poll|nbk|3", "2|first|2|poll|nbk|1"]
    );
    assert_eq!(answer(&connection, "SELECT clock FROM ledger"), ["real"]);
}

#[tokio::test]
async fn the_query_of_the_chapter_on_tables_keeps_the_digits_beside_a_number_to_draw() {
    let (_folder, path) = place();
    fill(&path).await;
    let chapter = include_str!("../../../src/tabular/README.md");
    let blocks = chapter
        .split("```")
        .filter_map(|block| block.strip_prefix("sql\n"));
    let query = blocks.last().unwrap().trim_end().trim_end_matches(';');
    let connection = Connection::open(&path).unwrap();
    assert_eq!(
        answer(
            &connection,
            &format!(
                "SELECT date, value, typeof(value), price > 475.8, typeof(price) FROM ({query})"
            )
        ),
        ["2026-04-01|475.90|text|1|real"]
    );
}

#[tokio::test]
async fn every_table_has_a_comment_and_only_derived_ones_can_be_changed() {
    let (_folder, path) = place();
    fill(&path).await;
    let connection = Connection::open(&path).unwrap();
    let tables = answer(
        &connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    );
    let expected = [
        "answers",
        "attempted",
        "decisions",
        "entries",
        "epochs",
        "fixings",
        "held",
        "ledger",
        "log_position",
        "served",
        "shown",
        "table_digests",
        "tables",
    ];
    assert_eq!(tables, expected);
    // Those of a replica.
    let place = format!("INSERT INTO log_position VALUES ('main', 1, '{:064}');", 0);
    let shown = "INSERT INTO shown VALUES ('KZT/USD', 1, NULL);";
    connection.execute_batch(&(place + shown)).unwrap();
    for table in expected {
        let sql = answer(
            &connection,
            &format!("SELECT sql FROM sqlite_master WHERE name = '{table}'"),
        );
        assert!(
            sql[0].contains("-- ") && sql[0].ends_with("STRICT"),
            "{}",
            sql[0]
        );
        assert_ne!(
            answer(&connection, &format!("SELECT count(*) FROM {table}")),
            ["0"],
            "{table}"
        );
        let column = &answer(
            &connection,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )[0];
        let attempts = [
            format!("DELETE FROM {table}"),
            format!("UPDATE {table} SET {column} = {column}"),
        ];
        for attempt in attempts {
            let outcome = connection.execute_batch(&format!("BEGIN; {attempt}; ROLLBACK"));
            let result = outcome.map_err(|error| {
                connection.execute_batch("ROLLBACK").unwrap();
                error.to_string()
            });
            if ["log_position", "served", "shown", "table_digests"].contains(&table) {
                assert_eq!(result, Ok(()));
            } else {
                let error = result.unwrap_err();
                assert!(
                    error.starts_with("the ledger only grows: "),
                    "{attempt}: {error}"
                );
                assert!(error.contains(table), "{attempt}: {error}");
            }
        }
    }
    let backwards = "INSERT INTO entries VALUES (3, 'first', 1, '', 'clock', NULL, 0)";
    let error = connection.execute(backwards, []).unwrap_err();
    assert_eq!(error.to_string(), "revisions never go backwards");
}

#[tokio::test]
async fn the_file_has_the_documented_settings_and_constraints() {
    let (_folder, path) = place();
    fill(&path).await;
    let connection = Connection::open(&path).unwrap();
    assert_eq!(answer(&connection, "PRAGMA journal_mode"), ["wal"]);
    assert_eq!(answer(&connection, "PRAGMA user_version"), ["5"]);
    assert_eq!(
        answer(&connection, "PRAGMA application_id"),
        [0x7369_6c6b.to_string()]
    );
    assert_eq!(answer(&connection, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(answer(&connection, "PRAGMA foreign_key_check"), [""; 0]);
    // A second correction of one row, or a second first row, is refused.
    let same_row = "INSERT INTO fixings SELECT NULL, entry, table_id, source, document, effective_date, row_currency,
        currency, home_currency, units, value, published_change, ";
    for supersedes in [
        "supersedes FROM fixings WHERE supersedes IS NOT NULL",
        "NULL FROM fixings WHERE id = 1",
    ] {
        let error = connection
            .execute(&format!("{same_row}{supersedes}"), [])
            .unwrap_err();
        assert!(
            error.to_string().starts_with("UNIQUE constraint failed"),
            "{error}"
        );
    }
}
