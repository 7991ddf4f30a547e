//! A gathering socket over one that counts.

use std::task::Waker;

use tokio::io::AsyncWriteExt;

use super::*;

/// A socket that keeps what is written, takes at most so much at once, and may be full.
#[derive(Debug, Default)]
struct Kernel {
    written: Vec<u8>,
    writes: usize,
    room: Option<usize>,
    is_broken: bool,
    shut: bool,
}

impl AsyncWrite for Kernel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
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

/// What the connection writes to, and what ends its turns.
struct Both {
    gathered: Gathered<Kernel>,
    turn: Turn<Kernel>,
}

/// A waker that counts how often it is called.
#[derive(Default)]
struct Called(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Both {
    fn new(kernel: Kernel) -> Self {
        let (gathered, turn) = gather(kernel);
        Self { gathered, turn }
    }

    fn write(&mut self, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.gathered).poll_write(&mut Context::from_waker(Waker::noop()), data)
    }

    fn flush(&mut self) -> Poll<io::Result<()>> {
        Pin::new(&mut self.gathered).poll_flush(&mut Context::from_waker(Waker::noop()))
    }

    /// Ends a turn; tells whether another one was asked for.
    fn end(&self, is_more_to_come: bool) -> io::Result<bool> {
        let called = Arc::new(Called::default());
        let waker = Waker::from(Arc::clone(&called));
        let ended = self
            .turn
            .end(&mut Context::from_waker(&waker), is_more_to_come);
        ended.map(|()| called.0.load(std::sync::atomic::Ordering::SeqCst) == 1)
    }

    fn socket(&self) -> MutexGuard<'_, Socket<Kernel>> {
        lock(&self.turn.0)
    }

    fn written(&self) -> (usize, Vec<u8>) {
        let socket = self.socket();
        (socket.inner.writes, socket.inner.written.clone())
    }
}

#[test]
fn a_hundred_frames_flushed_one_by_one_are_one_write() {
    let mut both = Both::new(Kernel::default());
    for _frame in 0..100 {
        assert!(matches!(both.write(&[7; 600]), Poll::Ready(Ok(600))));
        assert!(both.flush().is_ready());
    }
    assert_eq!(both.written().0, 0);
    assert!(!both.end(false).unwrap());
    assert_eq!(both.written(), (1, vec![7; 60_000]));
    let kept = both.socket().buffer.capacity();
    assert_eq!(kept, 0, "nothing is kept when idle");
}

#[test]
fn a_turn_with_more_to_come_asks_for_another_and_then_writes() {
    let mut both = Both::new(Kernel::default());
    assert!(matches!(both.write(b"rate"), Poll::Ready(Ok(4))));
    assert!(both.end(true).unwrap());
    assert_eq!(both.written().0, 0);
    assert!(matches!(both.write(b"s"), Poll::Ready(Ok(1))));
    assert!(both.end(true).unwrap());
    assert!(!both.end(true).unwrap(), "nothing has joined");
    assert_eq!(both.written(), (1, b"rates".to_vec()));
    assert!(!both.end(true).unwrap(), "an idle one asks for nothing");
}

#[test]
fn a_full_socket_holds_the_writer_back_at_the_bound() {
    let mut both = Both::new(Kernel {
        room: Some(1000),
        ..Kernel::default()
    });
    let mut taken = 0;
    while let Poll::Ready(written) = both.write(&[1; 5000]) {
        taken += written.unwrap();
    }
    assert_eq!(taken, BUFFER_BYTES_MAX);
    assert_eq!(both.socket().buffer.capacity(), BUFFER_BYTES_MAX);
    assert!(both.flush().is_pending());
    assert!(!both.end(true).unwrap(), "the kernel wakes it, nobody else");
    both.socket().inner.room = None;
    assert!(matches!(both.write(&[2; 5]), Poll::Ready(Ok(5))));
    assert_eq!(both.written().1.len(), BUFFER_BYTES_MAX);
}

#[test]
fn what_the_kernel_left_goes_before_anything_new_is_waited_for() {
    let mut both = Both::new(Kernel {
        room: Some(3),
        ..Kernel::default()
    });
    assert!(both.write(b"rates").is_ready());
    assert!(!both.end(false).unwrap());
    assert_eq!(both.written(), (1, b"rat".to_vec()));
    assert!(both.write(b" and more").is_ready());
    assert!(both.flush().is_pending());
    both.socket().inner.room = None;
    assert!(!both.end(true).unwrap());
    assert_eq!(both.written(), (2, b"rates and more".to_vec()));
    assert!(both.flush().is_ready());
}

#[test]
fn a_connection_that_always_has_something_new_still_writes() {
    let mut both = Both::new(Kernel::default());
    let turns = (1..100).find(|_turn| {
        assert!(both.write(&[3; 10]).is_ready());
        both.end(true).unwrap();
        both.written().0 > 0
    });
    assert_eq!(turns, Some(usize::from(TURNS_MAX) + 1));
}

#[test]
fn a_lost_connection_is_told_at_the_end_of_the_turn() {
    let mut both = Both::new(Kernel {
        is_broken: true,
        ..Kernel::default()
    });
    assert!(both.write(b"rate").is_ready());
    let error = both.end(false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn shutting_down_writes_what_is_left_first() {
    let mut both = Both::new(Kernel::default());
    both.gathered.write_all(b"goodbye").await.unwrap();
    assert_eq!(both.written().0, 0);
    both.gathered.shutdown().await.unwrap();
    assert_eq!(both.written().1, b"goodbye");
    assert!(both.socket().inner.shut);
}

#[test]
fn slices_are_taken_in_order_as_far_as_there_is_room() {
    let mut both = Both::new(Kernel::default());
    assert!(both.write(&vec![0; BUFFER_BYTES_MAX - 5]).is_ready());
    let slices = [
        IoSlice::new(b"abc"),
        IoSlice::new(b"defg"),
        IoSlice::new(b"h"),
    ];
    let context = &mut Context::from_waker(Waker::noop());
    let taken = Pin::new(&mut both.gathered).poll_write_vectored(context, &slices);
    assert!(matches!(taken, Poll::Ready(Ok(5))));
    assert!(both.socket().buffer.ends_with(b"abcde"));
}
