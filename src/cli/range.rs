//! A range of dates on the command line, and the pages of a response that it consists of.

use clap::Args;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::cli::arguments;
use crate::cli::failure::Failure;
use crate::cli::format::{Format, FormatArgs};
use crate::client::ClientError;

/// Days before --end when --start is absent: a month of fixings fits on a screen.
const DAYS_DEFAULT: i32 = 30;
/// The number of rows without a range. The newest rows, and not the last days, because the newest date of the server may be
/// long past: that of a replay is.
const ROWS_DEFAULT: u32 = 30;
/// The rows of a page: the most that the contract allows.
const PAGE_ROWS: usize = 1000;
/// A million rows; a pair has some ten thousand. A server whose pages do not end is a failure.
const PAGES_MAX: usize = 1000;

#[derive(Debug, Default, Args)]
pub(super) struct RangeArgs {
    /// The first date: YYYY-MM-DD. Without --start, --end and --limit: the newest 30 rows. With --end alone: 30 days before it.
    #[arg(long, alias = "from", value_name = "DATE", value_parser = arguments::date)]
    start: Option<Date>,
    /// The last date: YYYY-MM-DD. Default: the newest.
    #[arg(long, alias = "to", value_name = "DATE", value_parser = arguments::date)]
    end: Option<Date>,
    /// Print the newest N rows only.
    #[arg(long, visible_alias = "page-size", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    format: FormatArgs,
}

/// A range as it is requested from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// The first date; `None`: the oldest.
    pub(super) start: Option<Date>,
    /// The last date; `None`: the newest.
    pub(super) end: Option<Date>,
    limit: Option<usize>,
}

/// The rows of a range, newest first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    /// Whether older rows were omitted because of the limit.
    pub(super) is_cut: bool,
}

impl RangeArgs {
    pub(super) fn format(&self) -> Result<Format, Failure> {
        self.format.format()
    }

    /// The range to request in whole days: without a limit of rows, of which the last could cut a day.
    pub(super) fn days(&self) -> Result<Range, Failure> {
        if self.limit.is_some() {
            return Err(Failure::Usage {
                message: "--limit, or --page-size, counts rates, and a wide table has whole days"
                    .to_owned(),
                hint: "name the first day with --start instead".to_owned(),
            });
        }
        Ok(Range {
            limit: None,
            ..self.range()?
        })
    }

    /// The range to request.
    pub(super) fn range(&self) -> Result<Range, Failure> {
        let (start, limit) = match (self.start, self.end, self.limit) {
            (None, None, None) => (None, Some(ROWS_DEFAULT)),
            (None, Some(last), None) => (last.checked_sub(DAYS_DEFAULT.days()).ok(), None),
            (from, _, limit) => (from, limit),
        };
        if let (Some(start), Some(end)) = (start, self.end)
            && start > end
        {
            return Err(Failure::Usage {
                message: format!("--start {start} is after --end {end}"),
                hint: "--start is the earlier date".to_owned(),
            });
        }
        Ok(Range {
            start,
            end: self.end,
            limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        })
    }
}

impl Range {
    /// The first rows of a list without dates; without a limit, all of them.
    pub(super) fn of_list(limit: Option<u32>) -> Self {
        Self {
            start: None,
            end: None,
            limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        }
    }

    /// The range in words, to follow its subject.
    pub(super) fn in_words(&self) -> String {
        match (self.start, self.end) {
            (None, None) => String::new(),
            (Some(start), None) => format!(" since {start}"),
            (None, Some(end)) => format!(" until {end}"),
            (Some(start), Some(end)) => format!(" from {start} to {end}"),
        }
    }

    /// Requests page after page until the range is complete or the limit is reached. `page` takes a number of rows and a page
    /// token, and returns rows and the next token.
    pub(super) async fn rows<T>(
        &self,
        mut page: impl AsyncFnMut(i32, Option<String>) -> Result<(Vec<T>, Option<String>), ClientError>,
    ) -> Result<Rows<T>, Failure> {
        // The same number each time: a page token belongs to one query.
        let page_rows = self.limit.unwrap_or(PAGE_ROWS).min(PAGE_ROWS);
        let page_size = i32::try_from(page_rows).unwrap_or(i32::MAX);
        let limit = self.limit.unwrap_or(usize::MAX);
        let (mut rows, mut token) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let (more, next_token) = page(page_size, token).await?;
            rows.extend(more);
            // An earlier server ends with an empty token.
            let next_token = next_token.filter(|token| !token.is_empty());
            if next_token.is_none() || rows.len() >= limit {
                let is_cut = next_token.is_some() || rows.len() > limit;
                rows.truncate(limit);
                return Ok(Rows { rows, is_cut });
            }
            token = next_token;
        }
        let message = format!("more than {PAGES_MAX} pages");
        Err(Failure::failed(
            message,
            "request a shorter range with --start and --end",
        ))
    }
}

/// The failure of a range without rows, with the newest date before it, if there is one.
pub(super) fn nothing_found(what: &str, range: &Range, newest: Option<&str>) -> Failure {
    let message = format!("the server has no rows of {what}{}", range.in_words());
    let hint = match newest {
        Some(day) => format!("the newest is of {day}: try --end {day}"),
        None => {
            "a server has the tables published since it first ran, and those of `silkrate backfill`"
                .to_owned()
        }
    };
    Failure::failed(message, hint)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn range(from: Option<Date>, to: Option<Date>, limit: Option<u32>) -> Result<Range, Failure> {
        let arguments = RangeArgs {
            start: from,
            end: to,
            limit,
            format: FormatArgs::default(),
        };
        arguments.range()
    }

    fn words(from: Option<Date>, to: Option<Date>, limit: Option<u32>) -> String {
        range(from, to, limit).unwrap().in_words()
    }

    #[test]
    fn a_range_with_an_end_begins_thirty_days_before_it() {
        let (first, last) = (Some(date(2026, 1, 1)), Some(date(2026, 3, 31)));
        assert_eq!(words(None, last, None), " from 2026-03-01 to 2026-03-31");
        assert_eq!(words(first, None, None), " since 2026-01-01");
        assert_eq!(
            words(first, last, Some(1)),
            " from 2026-01-01 to 2026-03-31"
        );
    }

    #[test]
    fn without_a_range_the_newest_thirty_rows_are_requested() {
        let range = range(None, None, None).unwrap();
        assert_eq!(range.in_words(), "");
        assert_eq!(range.limit, Some(30));
    }

    #[test]
    fn whole_days_have_no_limit_of_rows() {
        let days = |limit| {
            let arguments = RangeArgs {
                limit,
                ..RangeArgs::default()
            };
            arguments.days()
        };
        assert_eq!(days(None).unwrap().limit, None);
        assert_eq!(days(Some(5)).unwrap_err().code(), 64);
    }

    #[test]
    fn a_limit_reaches_as_far_back_as_it_takes() {
        assert_eq!(words(None, None, Some(5)), "");
        assert_eq!(
            words(None, Some(date(2026, 3, 31)), Some(5)),
            " until 2026-03-31"
        );
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_wrong_usage() {
        let (from, to) = (Some(date(2026, 3, 2)), Some(date(2026, 3, 1)));
        assert_eq!(range(from, to, None).unwrap_err().code(), 64);
        assert!(range(to, to, None).is_ok());
    }

    /// The rows of a server with this number of rows in pages of its own size, and the size and token of each request.
    async fn rows(
        limit: Option<u32>,
        has: usize,
        page: usize,
    ) -> (Rows<usize>, Vec<(i32, Option<String>)>) {
        let mut requested = Vec::new();
        let from = limit.is_none().then(|| date(2026, 1, 1));
        let range = range(from, None, limit).unwrap();
        let rows = range.rows(async |size, token: Option<String>| {
            let first = token.as_ref().map_or(0, |token| token.parse().unwrap());
            requested.push((size, token));
            let end = has.min(first + page);
            let next = (end < has).then(|| end.to_string());
            Ok(((first..end).collect(), next))
        });
        (rows.await.unwrap(), requested)
    }

    #[tokio::test]
    async fn every_page_is_requested_until_the_range_is_complete() {
        let (found, requested) = rows(None, 5, 2).await;
        assert_eq!((found.rows, found.is_cut), (vec![0, 1, 2, 3, 4], false));
        let tokens = [None, Some("2"), Some("4")].map(|token| (1000, token.map(str::to_owned)));
        assert_eq!(requested, tokens);
    }

    #[tokio::test]
    async fn no_page_beyond_the_limit_is_requested() {
        let (found, requested) = rows(Some(3), 5, 2).await;
        assert_eq!((found.rows, found.is_cut), (vec![0, 1, 2], true));
        assert_eq!(requested, [(3, None), (3, Some("2".to_owned()))]);
        let (found, _) = rows(Some(5), 5, 5).await;
        assert!(!found.is_cut);
    }

    #[tokio::test]
    async fn a_server_whose_pages_do_not_end_is_given_up() {
        let range = range(Some(date(2026, 1, 1)), None, None).unwrap();
        let endless = range.rows(async |_, _| Ok((vec![0_u8], Some("again".to_owned()))));
        assert_eq!(endless.await.unwrap_err().code(), 1);
    }
}
