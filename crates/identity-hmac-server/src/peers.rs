//! How many connections each address has, so that one alone cannot take them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::http::Client;

/// The connections by address. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    /// 0 for no bound.
    max: usize,
    /// Proxies that carry the connections of many.
    exempt: Arc<[IpNet]>,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection's place among those of its address, which it frees when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    counted: Option<(IpAddr, Peers)>,
}

impl Peers {
    pub(crate) fn new(max: usize, exempt: &[IpNet]) -> Self {
        Self {
            max,
            exempt: exempt.into(),
            counts: Arc::default(),
        }
    }

    /// A seat for one more connection of an address; `None` when it has as many as it may have.
    pub(crate) fn seat(&self, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        if self.max == 0 || self.exempt.iter().any(|net| net.contains(&address)) {
            return Some(Seat { counted: None });
        }
        let address = Client(address).subnet();
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count == self.max {
            return None;
        }
        *count += 1;
        Some(Seat {
            counted: Some((address, self.clone())),
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // A count is whole at any time, so a panic elsewhere has not spoiled it.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((address, peers)) = self.counted.take()
            && let Entry::Occupied(mut count) = peers.counts().entry(address)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_as_many_seats_as_it_may_have_and_gets_freed_ones_again() {
        let peers = Peers::new(2, &[]);
        let first = peers.seat(address("203.0.113.9")).unwrap();
        let _second = peers.seat(address("::ffff:203.0.113.9")).unwrap();
        assert!(peers.seat(address("203.0.113.9")).is_none());
        assert!(peers.seat(address("203.0.113.10")).is_some());
        drop(first);
        assert!(peers.seat(address("203.0.113.9")).is_some());
    }

    #[test]
    fn an_ipv6_subnet_counts_as_one_address() {
        let peers = Peers::new(1, &[]);
        let _seat = peers.seat(address("2001:db8::1")).unwrap();
        assert!(peers.seat(address("2001:db8::2")).is_none());
        assert!(peers.seat(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn trusted_proxies_and_a_bound_of_0_are_not_counted() {
        let peers = Peers::new(1, &["10.0.0.0/8".parse().unwrap()]);
        let seats: Vec<_> = (0..9).map(|_| peers.seat(address("10.0.0.1"))).collect();
        assert!(seats.iter().all(Option::is_some));
        let unbound = Peers::new(0, &[]);
        let seats: Vec<_> = (0..9).map(|_| unbound.seat(address("::1"))).collect();
        assert!(seats.iter().all(Option::is_some));
    }

    #[test]
    fn addresses_without_connections_are_forgotten() {
        let peers = Peers::new(2, &[]);
        drop((peers.seat(address("::1")), peers.seat(address("::1"))));
        assert!(peers.counts().is_empty());
    }
}
