//! Redirects: which are followed, and the cookies that go with them.
//!
//! A firewall in front of a bank may answer the first request with a redirect to the same address and a cookie, and the
//! document only to a client that brings the cookie. That is followed. A redirect to another host is not: it would name a
//! host that is not configured, and send it a key.

use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::HeaderValue;
use reqwest::redirect::{Attempt, Policy};

use crate::budget::RequestBudget;
use crate::fetch::connections::SharedBudget;

/// How many redirects of one request are followed. One sets a cookie, a second may correct a path; a third is a loop.
const REDIRECTS_MAX: usize = 2;
/// How many cookies a bank may set before all are forgotten: a bank sets a handful, and one that invents a name for each
/// response must not fill the memory.
const COOKIES_MAX: usize = 64;
/// The longest cookie that is kept, in bytes: what browsers keep of one.
const COOKIE_BYTES_MAX: usize = 4096;

/// Follows redirects to the address of the source itself, a few at most, and within the budget. Any other becomes the
/// response.
pub(super) fn policy(budget: SharedBudget) -> Policy {
    Policy::custom(move |attempt: Attempt<'_>| {
        let first = attempt.previous().first();
        let is_followed = first.is_some_and(|first| refusal(first, attempt.url()).is_none())
            && attempt.previous().len() <= REDIRECTS_MAX;
        if is_followed && budget.get().is_none_or(RequestBudget::take_another) {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// Why a redirect was not followed.
pub(super) fn reason(requested: &Url, target: Option<&Url>) -> &'static str {
    match target {
        None => "it names no address",
        Some(target) => refusal(requested, target).unwrap_or(
            "no more than two redirects in a row are followed, within the budget of the day",
        ),
    }
}

/// Why a redirect to an address is never followed; `None` if it may be.
fn refusal(requested: &Url, target: &Url) -> Option<&'static str> {
    if requested.host() != target.host() {
        Some("it is another host; if the bank has moved, set base_url")
    } else if requested.scheme() != target.scheme()
        || requested.port_or_known_default() != target.port_or_known_default()
    {
        Some("it has another scheme or port; if the bank has moved, set base_url")
    } else {
        None
    }
}

/// The cookies of one source. They are kept between polls, so that a firewall asks once, and are lost with the process.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    jar: Jar,
    /// How many have been set, those that replaced another included.
    set: usize,
}

impl Cookies {
    /// Nothing panics while the lock is held.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CookieStore for Cookies {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let set: Vec<&HeaderValue> = headers
            .filter(|header| header.len() <= COOKIE_BYTES_MAX)
            .take(COOKIES_MAX)
            .collect();
        let mut kept = self.kept();
        if kept.set.saturating_add(set.len()) > COOKIES_MAX {
            *kept = Kept::default();
        }
        kept.set = kept.set.saturating_add(set.len());
        kept.jar.set_cookies(&mut set.into_iter(), url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        self.kept().jar.cookies(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookies: &Cookies, url: &Url, text: &str) {
        let header = HeaderValue::from_str(text).unwrap();
        cookies.set_cookies(&mut [&header].into_iter(), url);
    }

    #[test]
    fn the_memory_for_cookies_is_bounded() {
        let (cookies, url) = (
            Cookies::default(),
            Url::parse("https://bank.example").unwrap(),
        );
        set(
            &cookies,
            &url,
            &format!("long={}", "x".repeat(COOKIE_BYTES_MAX)),
        );
        assert_eq!(cookies.cookies(&url), None);
        for number in 0..10 * COOKIES_MAX {
            set(&cookies, &url, &format!("name{number}=value"));
            let sent = cookies.cookies(&url).unwrap();
            let sent = sent.to_str().unwrap().split("; ").count();
            assert!((1..=COOKIES_MAX).contains(&sent), "{sent}");
        }
    }

    #[test]
    fn a_redirect_that_is_not_followed_has_a_reason() {
        let bank = Url::parse("https://bank.example/rates?fdate=1").unwrap();
        for (target, expected) in [
            ("https://bank.example/moved", "no more than two"),
            ("https://bank.example:443/moved", "no more than two"),
            ("https://other.example/rates", "it is another host"),
            ("file:///etc/passwd", "it is another host"),
            ("http://bank.example/rates", "it has another scheme or port"),
            (
                "https://bank.example:8443/",
                "it has another scheme or port",
            ),
        ] {
            let target = Url::parse(target).unwrap();
            let reason = reason(&bank, Some(&target));
            assert!(reason.starts_with(expected), "{target}: {reason}");
        }
        assert_eq!(reason(&bank, None), "it names no address");
    }
}
