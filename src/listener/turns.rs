//! What waits in turn by client: one of each, and then the next of each.

use std::collections::{BTreeMap, VecDeque};

/// Things that wait, each of a client. It has an entry for every client of which anything waits.
#[derive(Debug)]
pub(super) struct Turns<C, T> {
    waiting: BTreeMap<C, VecDeque<T>>,
    /// The clients of which anything waits, each once: the first one has the next turn.
    order: VecDeque<C>,
    /// How many wait.
    len: usize,
}

impl<C, T> Default for Turns<C, T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            order: VecDeque::new(),
            len: 0,
        }
    }
}

impl<C: Copy + Ord, T> Turns<C, T> {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Lets one wait behind those of the same client.
    pub(super) fn push(&mut self, client: C, one: T) {
        let of_client = self.waiting.entry(client).or_default();
        if of_client.is_empty() {
            self.order.push_back(client);
        }
        of_client.push_back(one);
        self.len = self.len.saturating_add(1);
    }

    /// The one whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let client = self.order.pop_front()?;
        let of_client = self.waiting.get_mut(&client)?;
        let one = of_client.pop_front()?;
        self.len = self.len.saturating_sub(1);
        if of_client.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.order.push_back(client);
        }
        Some(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_one_turn_after_the_other_and_its_own_wait_in_their_order() {
        let mut turns = Turns::default();
        for (client, one) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            turns.push(client, one);
        }
        let first: Vec<_> = (0..4).filter_map(|_| turns.pop()).collect();
        assert_eq!(first, [1, 4, 5, 2]);
        turns.push('c', 7);
        let rest: Vec<_> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(rest, [6, 3, 7]);
    }

    #[test]
    fn nothing_is_kept_of_a_client_of_which_nothing_waits() {
        let mut turns = Turns::default();
        for client in 0..100 {
            turns.push(client, ());
            turns.push(client, ());
        }
        while turns.pop().is_some() {}
        assert_eq!(turns.len(), 0);
        assert_eq!(turns.waiting.len(), 0);
    }
}
