//! What waits on connections, and what is refused on them.

use super::*;

/// A piece that waits on a connection until it is dropped.
struct Waits<'a> {
    connection: &'a ConnectionOutput,
    waiting: Arc<Waiting>,
    /// Its place in memory stays its own.
    _bytes: Bytes,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let _ended = self.waiting.end();
        self.connection.remove(&self.waiting);
    }
}

fn wait<'a>(connection: &'a ConnectionOutput, bytes: &Bytes) -> Waits<'a> {
    Waits {
        connection,
        waiting: connection.add(bytes),
        _bytes: bytes.clone(),
    }
}

#[test]
fn bytes_that_many_streams_share_count_once_until_the_last_has_sent_them() {
    let counts = Arc::<PortCounts>::default();
    let limits = OutputLimits {
        connection_bytes_max: 5000,
        pressed_bytes: 8500,
        ..OutputLimits::default()
    };
    let budget = OutputBudget::new(limits, Arc::clone(&counts), CancellationToken::new());
    let budget = Arc::new(budget);
    let connections = [(); 2].map(|()| budget.connection(None));
    let shared = Bytes::from(vec![1; 4096]);
    let [first, again, second] = [0, 0, 1].map(|of: usize| wait(&connections[of], &shared));
    assert_eq!(counts.unsent_bytes.get(), 4096);
    assert_eq!(connections[0].refuse_long(), None);
    let own = Bytes::from(vec![2; 4096]);
    let own = wait(&connections[0], &own);
    assert_eq!(connections[0].refuse_long(), Some(5000));
    assert_eq!(connections[1].refuse_long(), None);
    let other = budget.connection(None);
    let _short = wait(&connections[1], &Bytes::from_static(&[3; 512]));
    assert_eq!(connections[1].refuse_message(COUNTED_BYTES_MIN), Some(8500));
    assert_eq!(connections[1].refuse_message(COUNTED_BYTES_MIN - 1), None);
    assert_eq!(other.refuse_message(COUNTED_BYTES_MIN), None, "it reads");
    drop((own, first, second));
    assert_eq!(counts.unsent_bytes.get(), 4096 + 512);
    drop(again);
    assert_eq!(counts.unsent_bytes.get(), 512);
    assert_eq!(counts.unread_refused.get(), 2);
}

#[test]
fn the_connections_of_a_client_that_reads_too_little_get_nothing_long_under_pressure() {
    let limits = OutputLimits {
        pressed_bytes: COUNTED_BYTES_MIN,
        bytes_max: 3 * COUNTED_BYTES_MIN,
        ..OutputLimits::default()
    };
    let budget = OutputBudget::new(limits, Arc::default(), CancellationToken::new());
    let budget = Arc::new(budget);
    let client = |last| Some(Network::from(std::net::IpAddr::from([192, 0, 2, last])));
    let connections = [1, 1, 2, 3].map(|last| budget.connection(client(last)));
    let [slow, of_slow, other, newcomer] = &connections;
    let pieces = [(); 3].map(|()| Bytes::from(vec![0; COUNTED_BYTES_MIN]));
    let first = wait(slow, &pieces[0]);
    assert_eq!(of_slow.refuse_long(), None);
    let second = wait(slow, &pieces[1]);
    assert_eq!(of_slow.refuse_long(), Some(COUNTED_BYTES_MIN));
    assert_eq!(other.refuse_long(), None);
    let third = wait(other, &pieces[2]);
    assert_eq!(newcomer.refuse_long(), Some(3 * COUNTED_BYTES_MIN));
    assert_eq!(newcomer.refuse_request(), None, "it gets short answers");
    drop(second);
    assert_eq!(newcomer.refuse_long(), None);
    drop((first, third));
    assert_eq!(budget.holders.len(), 3);
    drop(connections);
    assert_eq!(budget.holders.len(), 0);
}

#[test]
fn a_connection_that_gets_no_long_answers_gets_short_ones_within_its_share() {
    let limits = OutputLimits {
        connection_bytes_max: 1,
        short_bytes_max: 1000,
        ..OutputLimits::default()
    };
    let counts = Arc::<PortCounts>::default();
    let budget = OutputBudget::new(limits, Arc::clone(&counts), CancellationToken::new());
    let connection = Arc::new(budget).connection(None);
    assert!(!connection.add_short(5000), "nothing long waits");
    let long = Bytes::from(vec![0; COUNTED_BYTES_MIN]);
    let long = wait(&connection, &long);
    assert_eq!(connection.refuse_answer(COUNTED_BYTES_MIN), Some(1));
    assert_eq!(connection.refuse_request(), None);
    assert_eq!(connection.refuse_answer(1000), None);
    assert!(connection.add_short(600));
    assert_eq!(connection.refuse_request(), None);
    assert_eq!(connection.refuse_answer(401), Some(1));
    assert!(connection.add_short(400));
    assert_eq!(connection.refuse_request(), Some(1));
    assert_eq!(connection.refuse_answer(0), None, "that is a refusal");
    connection.remove_short(600);
    assert_eq!(connection.refuse_request(), None);
    drop(long);
    assert_eq!(connection.refuse_answer(COUNTED_BYTES_MIN), None);
    assert_eq!(counts.unread_refused.get(), 3);
}

#[test]
fn short_pieces_of_a_client_wait_uncounted_until_there_are_too_many_on_all_its_connections() {
    let limits = OutputLimits {
        uncounted_bytes_max: 1000,
        ..OutputLimits::default()
    };
    let budget = OutputBudget::new(limits, Arc::default(), CancellationToken::new());
    let budget = Arc::new(budget);
    let client = Some(Network::from(std::net::IpAddr::from([192, 0, 2, 1])));
    let [first, second] = [(); 2].map(|()| budget.connection(client));
    assert!(first.add_uncounted(600));
    assert!(!second.add_uncounted(401));
    assert!(second.add_uncounted(400));
    assert!(!first.add_uncounted(1));
    assert!(budget.connection(None).add_uncounted(1000), "of a proxy");
    first.remove_uncounted(600);
    assert!(second.add_uncounted(600));
}

#[tokio::test(start_paused = true)]
async fn beyond_what_may_wait_the_longest_waiting_answers_of_the_heaviest_make_room() {
    let length = COUNTED_BYTES_MIN;
    let limits = OutputLimits {
        full_bytes: 4 * length,
        room_bytes: 0,
        spared: SPARED,
        ..OutputLimits::default()
    };
    let budget = OutputBudget::new(limits, Arc::default(), CancellationToken::new());
    let budget = Arc::new(budget);
    let client = |last| Some(Network::from(std::net::IpAddr::from([192, 0, 2, last])));
    let [light, heavy, newcomer] = [1, 2, 3].map(|last| budget.connection(client(last)));
    let proxied = budget.connection(None);
    let piece = || Bytes::from(vec![0; length]);
    let begins = async |connection| {
        let waiting = wait(connection, &piece());
        tokio::time::advance(Duration::from_millis(1)).await;
        waiting
    };
    let mut held = Vec::new();
    for connection in [&*light, &heavy, &heavy, &proxied] {
        held.push(begins(connection).await);
    }
    let are_cut = |held: &[Waits<'_>]| -> Vec<bool> {
        held.iter().map(|held| held.waiting.is_cut()).collect()
    };
    let newest = begins(&newcomer).await;
    assert_eq!(are_cut(&held), [false; 4], "all began a moment ago");
    drop(newest);
    tokio::time::advance(SPARED).await;
    let _newest = begins(&newcomer).await;
    assert_eq!(are_cut(&held), [false, true, false, false]);
    let _another = begins(&proxied).await;
    assert_eq!(
        are_cut(&held),
        [false, true, false, true],
        "it is the heaviest"
    );
    // What is cut already makes room once.
    drop(held.remove(1));
    held[0].waiting.taken(length);
    let _third = begins(&newcomer).await;
    assert_eq!(
        are_cut(&held),
        [false, true, true],
        "of the first, some was taken"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_many_streams_share_weighs_once_and_makes_room_once() {
    let length = COUNTED_BYTES_MIN;
    let limits = OutputLimits {
        full_bytes: 4 * length,
        room_bytes: 0,
        spared: Duration::ZERO,
        ..OutputLimits::default()
    };
    let budget = OutputBudget::new(limits, Arc::default(), CancellationToken::new());
    let budget = Arc::new(budget);
    let [sharing, heavy, newcomer] = [(); 3].map(|()| budget.connection(None));
    let piece = || Bytes::from(vec![0; length]);
    let message = piece();
    let shared = [(); 9].map(|()| wait(&sharing, &message));
    let own = [(); 3].map(|()| wait(&heavy, &piece()));
    let cut = |held: &[Waits<'_>]| held.iter().filter(|held| held.waiting.is_cut()).count();
    let newest = wait(&newcomer, &piece());
    assert_eq!((cut(&shared), cut(&own)), (0, 1), "not nine of the other");
    drop(own);
    drop(newest);
    // All of these but one are to end, and so they make room for one piece alone.
    for held in &shared[1..] {
        budget.cut(&held.waiting);
    }
    assert_eq!(budget.holders.ending_bytes(), length);
    drop(shared);
    assert_eq!(budget.holders.ending_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_for_its_reader_makes_no_room_again_and_a_look_frees_more_than_one() {
    let length = COUNTED_BYTES_MIN;
    let limits = OutputLimits {
        full_bytes: 5 * length,
        room_bytes: 2 * length,
        spared: Duration::ZERO,
        ..OutputLimits::default()
    };
    let budget = OutputBudget::new(limits, Arc::default(), CancellationToken::new());
    let budget = Arc::new(budget);
    let [heavy, newcomer] = [(); 2].map(|()| budget.connection(None));
    let mut held = Vec::new();
    for _piece in 0..5 {
        held.push(wait(&heavy, &Bytes::from(vec![0; length])));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    let are_cut = || {
        held.iter()
            .map(|held| held.waiting.is_cut())
            .collect::<Vec<_>>()
    };
    budget.cut(&held[0].waiting);
    budget.cut(&held[0].waiting);
    assert_eq!(budget.holders.ending_bytes(), length, "once");
    let pieces = [(); 2].map(|()| Bytes::from(vec![0; length]));
    let _first = wait(&newcomer, &pieces[0]);
    assert_eq!(are_cut(), [true, false, false, false, false]);
    let _second = wait(&newcomer, &pieces[1]);
    assert_eq!(are_cut(), [true, true, true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_when_a_cut_answer_stays_and_not_when_each_is_dropped_in_time() {
    let limits = OutputLimits {
        pressed_bytes: usize::MAX,
        ..OutputLimits::default()
    };
    let counts = Arc::<PortCounts>::default();
    let budget = OutputBudget::new(limits, Arc::clone(&counts), CancellationToken::new());
    let budget = Arc::new(budget);
    let connection = budget.connection(None);
    let mut stall = Stall::default();
    let long = Bytes::from(vec![0; COUNTED_BYTES_MIN]);
    let began = tokio::time::Instant::now();
    let mut ends = std::pin::pin!(std::future::poll_fn(|cx| {
        connection.poll_stalled(cx, &mut stall)
    }));
    let mut before = None;
    // There is always one that was cut, and none for half a minute.
    for _answer in 0..4 {
        let waits = wait(&connection, &long);
        budget.cut(&waits.waiting);
        drop(before.replace(waits));
        let soon = tokio::time::timeout(STALL_MAX * 2 / 3, &mut ends).await;
        assert!(soon.is_err(), "{:?}", began.elapsed());
    }
    let last = tokio::time::Instant::now();
    let ended = tokio::time::timeout(STALL_MAX, ends).await;
    assert!(ended.is_ok(), "it stays");
    assert!(last.elapsed() < STALL_MAX, "{:?}", last.elapsed());
    assert_eq!(counts.stalled.get(), 1);
}
