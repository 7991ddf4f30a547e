//! A coalescing writer over a socket that counts its writes.

use std::task::Waker;

use tokio::io::AsyncWriteExt;

use super::*;

/// A socket that keeps what is written, accepts a limited number of bytes, and may be full.
#[derive(Debug, Default)]
struct Kernel {
    written: Vec<u8>,
    writes: usize,
    room: Option<usize>,
    /// Whether it has taken data that it cannot write on yet, as TLS does.
    holds_back: bool,
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
        if self.holds_back {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}

/// Both ends: the writer, and the flusher that ends its turns.
struct Both {
    writer: CoalescedWriter<Kernel>,
    flusher: Flusher<Kernel>,
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
        let (writer, flusher) = coalesce(kernel);
        Self { writer, flusher }
    }

    fn write(&mut self, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(&mut Context::from_waker(Waker::noop()), data)
    }

    fn flush(&mut self) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(&mut Context::from_waker(Waker::noop()))
    }

    /// Ends a turn; returns whether it woke the task for another one.
    fn end(&self, is_more_expected: bool) -> io::Result<bool> {
        let called = Arc::new(Called::default());
        let waker = Waker::from(Arc::clone(&called));
        let ended = self
            .flusher
            .end_turn(&mut Context::from_waker(&waker), is_more_expected);
        ended.map(|()| called.0.load(std::sync::atomic::Ordering::SeqCst) == 1)
    }

    fn socket(&self) -> MutexGuard<'_, Socket<Kernel>> {
        lock(&self.flusher.0)
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
    assert_eq!(kept, 0, "an idle one has no buffer");
}

#[test]
fn a_turn_with_more_expected_wakes_for_another_and_then_writes() {
    let mut both = Both::new(Kernel::default());
    assert!(matches!(both.write(b"rate"), Poll::Ready(Ok(4))));
    assert!(both.end(true).unwrap());
    assert_eq!(both.written().0, 0);
    assert!(matches!(both.write(b"s"), Poll::Ready(Ok(1))));
    assert!(both.end(true).unwrap());
    assert!(!both.end(true).unwrap(), "no data was added");
    assert_eq!(both.written(), (1, b"rates".to_vec()));
    assert!(!both.end(true).unwrap(), "an idle one is not woken");
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
    assert!(!both.end(true).unwrap(), "only the socket wakes it");
    both.socket().inner.room = None;
    assert!(matches!(both.write(&[2; 5]), Poll::Ready(Ok(5))));
    assert_eq!(both.written().1.len(), BUFFER_BYTES_MAX);
}

#[test]
fn bytes_the_kernel_left_are_written_before_new_data_is_awaited() {
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
fn a_connection_that_always_has_new_data_still_writes() {
    let mut both = Both::new(Kernel::default());
    let turns = (1..100).find(|_turn| {
        assert!(both.write(&[3; 10]).is_ready());
        both.end(true).unwrap();
        both.written().0 > 0
    });
    assert_eq!(turns, Some(usize::from(TURNS_MAX) + 1));
}

#[test]
fn a_lost_connection_is_an_error_at_the_end_of_the_turn() {
    let mut both = Both::new(Kernel {
        is_broken: true,
        ..Kernel::default()
    });
    assert!(both.write(b"rate").is_ready());
    let error = both.end(false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn shutting_down_writes_the_buffer_first() {
    let mut both = Both::new(Kernel::default());
    both.writer.write_all(b"goodbye").await.unwrap();
    assert_eq!(both.written().0, 0);
    both.writer.shutdown().await.unwrap();
    assert_eq!(both.written().1, b"goodbye");
    assert!(both.socket().inner.shut);
}

#[test]
fn slices_are_appended_in_order_as_far_as_there_is_room() {
    let mut both = Both::new(Kernel::default());
    assert!(both.write(&vec![0; BUFFER_BYTES_MAX - 5]).is_ready());
    let slices = [
        IoSlice::new(b"abc"),
        IoSlice::new(b"defg"),
        IoSlice::new(b"h"),
    ];
    let context = &mut Context::from_waker(Waker::noop());
    let taken = Pin::new(&mut both.writer).poll_write_vectored(context, &slices);
    assert!(matches!(taken, Poll::Ready(Ok(5))));
    assert!(both.socket().buffer.ends_with(b"abcde"));
}

#[test]
fn data_that_the_socket_has_taken_and_holds_back_is_flushed_with_nothing_more_to_write() {
    let mut both = Both::new(Kernel {
        holds_back: true,
        ..Kernel::default()
    });
    assert!(matches!(both.write(b"rates"), Poll::Ready(Ok(5))));
    assert!(!both.end(false).unwrap());
    assert_eq!(both.written(), (1, b"rates".to_vec()));
    assert!(both.flush().is_pending(), "the writer waits for the socket");
    both.socket().inner.holds_back = false;
    assert!(!both.end(false).unwrap());
    assert!(both.flush().is_ready());
    assert_eq!(
        both.written(),
        (1, b"rates".to_vec()),
        "nothing is written twice"
    );
    assert_eq!(both.socket().buffer.capacity(), 0);
}
