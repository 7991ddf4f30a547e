//! A gathering socket over one that counts.

use std::future::poll_fn;
use std::task::Waker;

use tokio::io::AsyncWriteExt;

use super::*;

/// A socket that keeps what is written, takes at most so much at once, and may be full.
#[derive(Debug, Default)]
struct Kernel {
    written: Vec<u8>,
    writes: usize,
    room: Option<usize>,
    shut: bool,
}

impl AsyncWrite for Kernel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = self.room.map_or(data.len(), |room| room.min(data.len()));
        if taken == 0 {
            return Poll::Pending;
        }
        self.room = self.room.map(|room| room - taken);
        self.writes += 1;
        self.written.extend_from_slice(&data[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Kernel {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

fn write(gather: &mut Gather<Kernel>, data: &[u8]) -> Poll<io::Result<usize>> {
    Pin::new(gather).poll_write(&mut Context::from_waker(Waker::noop()), data)
}

fn flush(gather: &mut Gather<Kernel>) -> Poll<io::Result<()>> {
    Pin::new(gather).poll_flush(&mut Context::from_waker(Waker::noop()))
}

fn read(gather: &mut Gather<Kernel>) {
    let mut nothing = [0; 8];
    let mut buffer = ReadBuf::new(&mut nothing);
    let context = &mut Context::from_waker(Waker::noop());
    assert!(
        Pin::new(gather)
            .poll_read(context, &mut buffer)
            .is_pending()
    );
}

#[test]
fn a_hundred_frames_flushed_one_by_one_are_one_write() {
    let mut gather = Gather::new(Kernel::default());
    for _frame in 0..100 {
        assert!(matches!(
            write(&mut gather, &[7; 600]),
            Poll::Ready(Ok(600))
        ));
        assert!(flush(&mut gather).is_ready());
    }
    assert_eq!(gather.inner.writes, 0);
    assert!(flush(&mut gather).is_ready());
    assert_eq!(
        (gather.inner.writes, gather.inner.written.len()),
        (1, 60_000)
    );
    assert_eq!(gather.buffer.capacity(), 0, "nothing is kept when idle");
}

#[tokio::test]
async fn a_flush_asks_to_be_polled_again_and_then_writes() {
    let mut gather = Gather::new(Kernel::default());
    assert!(matches!(write(&mut gather, b"rate"), Poll::Ready(Ok(4))));
    // The task is polled once more without anyone else waking it, or this would hang.
    let mut turns = 0;
    poll_fn(|cx| {
        turns += 1;
        let flushed = Pin::new(&mut gather).poll_flush(cx);
        assert!(matches!(flushed, Poll::Ready(Ok(()))));
        if gather.inner.writes == 1 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    assert_eq!((turns, gather.inner.written.as_slice()), (2, &b"rate"[..]));
}

#[test]
fn a_full_socket_holds_the_writer_back_at_the_bound() {
    let room = Some(1000);
    let mut gather = Gather::new(Kernel {
        room,
        ..Kernel::default()
    });
    let mut taken = 0;
    while let Poll::Ready(written) = write(&mut gather, &[1; 5000]) {
        taken += written.unwrap();
    }
    assert_eq!(taken, BUFFER_BYTES_MAX);
    assert_eq!(gather.buffer.capacity(), BUFFER_BYTES_MAX);
    assert!(flush(&mut gather).is_pending());
    gather.inner.room = None;
    assert!(matches!(write(&mut gather, &[2; 5]), Poll::Ready(Ok(5))));
    assert_eq!(gather.inner.written.len(), BUFFER_BYTES_MAX);
}

#[test]
fn a_connection_that_always_has_something_new_still_writes() {
    let mut gather = Gather::new(Kernel::default());
    let turns = (1..100).find(|_turn| {
        read(&mut gather);
        assert!(write(&mut gather, &[3; 10]).is_ready());
        assert!(flush(&mut gather).is_ready());
        gather.inner.writes > 0
    });
    assert_eq!(turns, Some(usize::from(TURNS_MAX) + 1));
}

#[tokio::test]
async fn shutting_down_writes_what_is_left_first() {
    let mut gather = Gather::new(Kernel::default());
    gather.write_all(b"goodbye").await.unwrap();
    assert!(gather.inner.written.is_empty());
    gather.shutdown().await.unwrap();
    assert_eq!(gather.inner.written, b"goodbye");
    assert!(gather.inner.shut);
}

#[test]
fn slices_are_taken_in_order_as_far_as_there_is_room() {
    let mut gather = Gather::new(Kernel::default());
    assert!(write(&mut gather, &vec![0; BUFFER_BYTES_MAX - 5]).is_ready());
    let slices = [
        IoSlice::new(b"abc"),
        IoSlice::new(b"defg"),
        IoSlice::new(b"h"),
    ];
    let context = &mut Context::from_waker(Waker::noop());
    let taken = Pin::new(&mut gather).poll_write_vectored(context, &slices);
    assert!(matches!(taken, Poll::Ready(Ok(5))));
    assert!(gather.buffer.ends_with(b"abcde"));
}
