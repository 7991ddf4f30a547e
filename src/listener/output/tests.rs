//! What waits on connections, and what is refused on them.

use super::*;

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
    for connection in [&connections[0], &connections[0], &connections[1]] {
        connection.add(&shared);
    }
    assert_eq!(counts.unsent_bytes.get(), 4096);
    assert_eq!(connections[0].refuse_long(), None);
    let own = Bytes::from(vec![2; 4096]);
    connections[0].add(&own);
    assert_eq!(connections[0].refuse_long(), Some(5000));
    assert_eq!(connections[1].refuse_long(), None);
    let other = budget.connection(None);
    connections[1].add(&Bytes::from_static(&[3; 512]));
    assert_eq!(connections[1].refuse_message(COUNTED_BYTES_MIN), Some(8500));
    assert_eq!(connections[1].refuse_message(COUNTED_BYTES_MIN - 1), None);
    assert_eq!(other.refuse_message(COUNTED_BYTES_MIN), None, "it reads");
    connections[0].remove(&own);
    for connection in [&connections[0], &connections[1]] {
        connection.remove(&shared);
    }
    assert_eq!(counts.unsent_bytes.get(), 4096 + 512);
    connections[0].remove(&shared);
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
    slow.add(&pieces[0]);
    assert_eq!(of_slow.refuse_long(), None);
    slow.add(&pieces[1]);
    assert_eq!(of_slow.refuse_long(), Some(COUNTED_BYTES_MIN));
    assert_eq!(other.refuse_long(), None);
    other.add(&pieces[2]);
    assert_eq!(newcomer.refuse_long(), Some(3 * COUNTED_BYTES_MIN));
    assert_eq!(newcomer.refuse_request(), None, "it gets short answers");
    slow.remove(&pieces[1]);
    assert_eq!(newcomer.refuse_long(), None);
    drop(connections);
    assert!(budget.clients().is_empty());
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
    connection.add(&long);
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
    connection.remove(&long);
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
