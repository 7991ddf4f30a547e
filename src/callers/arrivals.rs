//! How many calls of each client wait for their message: one that is begun and never ended would be kept until its deadline.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Semaphore;

use crate::callers::{Network, ShareExceeded, ShareLimits, Shares};

/// The calls of one client: as many as the streams of a connection. A message comes with the headers of its call, so a client that
/// sends what it begins has a few that wait, whatever it asks for.
const EACH_MAX: u32 = 1024;
/// The calls of all clients: some three kilobytes each, and what has come of their messages.
const ALL_MAX: u32 = 32_768;

/// The calls of a port whose message has not come. Clones share them.
#[derive(Debug, Clone)]
pub struct Arrivals {
    free: Arc<Semaphore>,
    shares: Arc<Shares<Network>>,
    limits: ShareLimits,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self::new(ShareLimits {
            each: EACH_MAX,
            all: ALL_MAX,
        })
    }
}

impl Arrivals {
    /// Places within limits, of which none is taken.
    pub fn new(limits: ShareLimits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(usize::try_from(limits.all).unwrap_or(0))),
            shares: Shares::new(limits),
            limits,
        }
    }

    /// Waits for the message of a call. It takes no place if it is there already. A call from within the process takes none.
    ///
    /// # Errors
    /// [`ShareExceeded`]: then it is not waited for.
    pub async fn wait<T>(
        &self,
        client: Option<Network>,
        message: impl Future<Output = T>,
    ) -> Result<T, ShareExceeded> {
        let mut message = pin!(message);
        let now = poll_fn(|cx| Poll::Ready(message.as_mut().poll(cx)));
        if let Poll::Ready(message) = now.await {
            return Ok(message);
        }
        let Some(client) = client else {
            return Ok(message.await);
        };
        let all = self.limits.all;
        let free = self.free.available_permits();
        let _permit = self.free.try_acquire().map_err(|_none| ShareExceeded {
            most: all,
            is_crowded: true,
        })?;
        let taken = all.saturating_sub(u32::try_from(free).unwrap_or(all));
        let _share = self.shares.take(client, taken, None)?;
        Ok(message.await)
    }

    /// How many wait now.
    pub fn waiting(&self) -> u32 {
        let free = u32::try_from(self.free.available_permits());
        self.limits.all.saturating_sub(free.unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::net::IpAddr;

    use futures_util::FutureExt;

    use super::*;

    fn client(last: u8) -> Network {
        Network::from(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn a_client_has_its_share_of_calls_that_wait_and_others_have_theirs() {
        let arrivals = Arrivals::new(ShareLimits { each: 2, all: 5 });
        let wait = |last| Box::pin(arrivals.wait(Some(client(last)), pending::<()>()));
        let mut waiting = Vec::new();
        for last in [1, 1, 2, 3] {
            let mut call = wait(last);
            assert!(call.as_mut().now_or_never().is_none());
            waiting.push(call);
        }
        assert!(matches!(wait(1).now_or_never(), Some(Err(_))));
        assert_eq!(
            arrivals.wait(Some(client(1)), ready(7)).now_or_never(),
            Some(Ok(7))
        );
        let inside = arrivals.wait(None, pending::<()>());
        assert!(inside.now_or_never().is_none());
        let mut last = wait(4);
        assert!(last.as_mut().now_or_never().is_none());
        assert_eq!(arrivals.waiting(), 5);
        assert!(
            matches!(wait(5).now_or_never(), Some(Err(_))),
            "all are taken"
        );
        drop((waiting, last));
        assert_eq!(arrivals.waiting(), 0);
    }
}
