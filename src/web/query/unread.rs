//! What is wrong with a query that cannot be read.

use axum::http::Uri;

use crate::web::error::WebError;

/// How serde begins the two errors that a query can have, before the name of the parameter.
const UNKNOWN: &str = "unknown field";
const REPEATED: &str = "duplicate field";
/// What it says of a path without parameters.
const NO_FIELDS: &str = "there are no fields";
/// The parameters of CSV alone, which people also send to the paths that return JSON.
const OF_CSV: &[&str] = &["dialect", "layout"];

/// The refusal of a query, by the error of serde, which has the name of the parameter in its text alone. So the names that the
/// query has are looked for in it.
pub(super) fn refusal(error: &str, uri: &Uri) -> WebError {
    let query = uri.query().unwrap_or_default();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if let Some((_, expected)) = error.split_once(&format!("{UNKNOWN} `{name}`, ")) {
            return unknown(&name, expected);
        }
        if error.ends_with(&format!("{REPEATED} `{name}`")) {
            return repeated(&name);
        }
    }
    WebError::InvalidParameter {
        name: None,
        message: format!("the query cannot be read: {error}"),
    }
}

fn unknown(name: &str, expected: &str) -> WebError {
    let takes_csv = OF_CSV.iter().any(|known| expected.contains(known));
    let advice = match expected {
        _ if OF_CSV.contains(&name) && !takes_csv => {
            "for CSV: use the path with .csv, or Accept: text/csv"
        }
        NO_FIELDS => "this path has none",
        expected => expected,
    };
    let message = format!("there is no parameter `{name}` here: {advice}");
    WebError::parameter(name.to_owned(), message)
}

fn repeated(name: &str) -> WebError {
    let advice = match name {
        "pairs" => "give it once, and join the pairs by commas",
        _ => "give it once",
    };
    let message = format!("the parameter `{name}` is repeated: {advice}");
    WebError::parameter(name.to_owned(), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::query::{History, NoParameters, Snapshot, read};

    /// The field and the message of the refusal of a query.
    fn refused<T: serde::de::DeserializeOwned>(query: &str) -> (String, String) {
        let uri = format!("/v1/path?{query}").parse().unwrap();
        let Err(error) = read::<T>(&uri) else {
            panic!("{query} is read");
        };
        let field = error.field().unwrap().into_owned();
        (field, error.message().into_owned())
    }

    #[test]
    fn an_unknown_parameter_is_named_with_those_that_there_are() {
        let of = refused::<Snapshot>;
        let (field, message) = of("date=2026-04-01&pair=KZT/USD");
        assert_eq!(field, "pair");
        let expected = "there is no parameter `pair` here: expected `pairs` or `date`";
        assert_eq!(message, expected);
        assert_eq!(of("%70air=KZT/USD"), (field, message));
        assert_eq!(of("a%60b").0, "a`b");
        let (field, message) = refused::<NoParameters>("x=1");
        assert_eq!(field, "x");
        assert!(message.ends_with(": this path has none"), "{message}");
        assert!(read::<NoParameters>(&Uri::from_static("/v1/sources")).is_ok());
    }

    #[test]
    fn a_parameter_of_csv_leads_to_the_path_of_csv() {
        for (field, message) in [
            refused::<Snapshot>("dialect=excel-ru"),
            refused::<History>("pairs=*/USD&layout=wide"),
            refused::<NoParameters>("dialect=rfc4180"),
        ] {
            assert!(OF_CSV.contains(&field.as_str()), "{field}");
            assert!(
                message.ends_with("use the path with .csv, or Accept: text/csv"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_repeated_parameter_is_named_and_pairs_are_to_be_joined_by_commas() {
        let (field, message) = refused::<Snapshot>("pairs=KZT/USD&pairs=KGS/USD");
        assert_eq!(field, "pairs");
        assert!(message.ends_with("join the pairs by commas"), "{message}");
        let (field, message) = refused::<Snapshot>("date=2026-04-01&date=");
        assert_eq!(field, "date");
        assert!(message.ends_with(": give it once"), "{message}");
    }
}
