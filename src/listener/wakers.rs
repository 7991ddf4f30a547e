//! The waker of the one task that waits for something.

use std::task::{Context, Waker};

/// Keeps the waker of a task, if it is not the same as before.
pub(super) fn keep(kept: &mut Option<Waker>, cx: &Context<'_>) {
    let is_known = kept
        .as_ref()
        .is_some_and(|waker| waker.will_wake(cx.waker()));
    if !is_known {
        *kept = Some(cx.waker().clone());
    }
}
