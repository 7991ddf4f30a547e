//! The pages of past values of the Kyrgyz bank, which are HTML.

use silkrate::sources::{SeriesPage, find};

use crate::checks::{documents, prose};

pub(crate) fn run(bytes: &[u8]) {
    let source = find("nbkr", "").expect("the bank is known");
    let text = String::from_utf8_lossy(bytes);
    for series in source
        .documents
        .iter()
        .filter_map(|document| document.series)
    {
        let chosen = |page: &&SeriesPage| text.contains(&format!("value=\"{}\" selected", page.id));
        let page = series.pages.iter().find(chosen).or(series.pages.first());
        if let Some(page) = page {
            match (series.parse)(page, bytes) {
                Ok(tables) => {
                    for table in &tables {
                        assert!(table.rows.keys().all(|currency| *currency == page.currency));
                        documents::check_table(source, table, bytes);
                    }
                    let dates = tables.iter().map(|table| table.effective_date);
                    assert!(dates.is_sorted_by(|one, next| one < next));
                }
                Err(error) => prose::check(&error.to_string()),
            }
        }
    }
}
