//! Pages: how many rows, and where the next one begins.

use std::hash::{DefaultHasher, Hash, Hasher};

use tonic::Status;

use crate::wire::refusal;

/// Rows of a page when none are asked for: a screen or two.
const PAGE_SIZE_DEFAULT: usize = 100;
/// The most rows of a page: a megabyte at most, well below what a message may be.
const PAGE_SIZE_MAX: usize = 1000;
/// What parts the two halves of a token.
const SEPARATOR: char = '.';

/// One page of an answer.
#[derive(Debug)]
pub(super) struct Page {
    /// How many rows.
    pub(super) size: usize,
    /// Where it begins, as the page before said; none for the first.
    pub(super) cursor: Option<String>,
    question: u64,
}

impl Page {
    /// Reads size and token of a request. A token belongs to the question it answers: `question` is all of it.
    pub(super) fn read(size: i32, token: &str, question: impl Hash) -> Result<Self, Status> {
        let mut hasher = DefaultHasher::new();
        question.hash(&mut hasher);
        let question = hasher.finish();
        let size = usize::try_from(size)
            .map_err(|_negative| refusal::invalid_page("page_size", "page_size is negative"))?;
        let cursor = if token.is_empty() {
            None
        } else {
            let foreign = "page_token is none of an answer to this question";
            let parts = token.split_once(SEPARATOR);
            let of_question = parts.filter(|(of, _)| *of == format!("{question:016x}"));
            let (_, cursor) =
                of_question.ok_or_else(|| refusal::invalid_page("page_token", foreign))?;
            Some(cursor.to_owned())
        };
        Ok(Self {
            size: match size {
                0 => PAGE_SIZE_DEFAULT,
                size => size.min(PAGE_SIZE_MAX),
            },
            cursor,
            question,
        })
    }

    /// The token of the page that begins at a cursor.
    pub(super) fn token(&self, cursor: &str) -> String {
        format!("{:016x}{SEPARATOR}{cursor}", self.question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_on_in_the_answer_it_came_with_and_in_no_other() {
        let first = Page::read(0, "", ("nbk", "USD")).unwrap();
        assert_eq!((first.size, first.cursor.as_deref()), (100, None));
        let token = first.token("2026-04-01");
        let next = Page::read(5000, &token, ("nbk", "USD")).unwrap();
        assert_eq!(
            (next.size, next.cursor.as_deref()),
            (1000, Some("2026-04-01"))
        );
        for wrong in [token.as_str(), "2026-04-01", "x.2026-04-01"] {
            assert!(Page::read(1, wrong, ("nbk", "EUR")).is_err(), "{wrong}");
        }
        assert!(Page::read(-1, "", ("nbk", "USD")).is_err());
    }
}
