//! Who is connected: a seat for each connection, counted in all and for each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The seats of a server.
#[derive(Debug)]
pub(super) struct Census {
    in_all: usize,
    of_one: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    /// Only networks with a connection are here, so it has at most `in_all` entries.
    by_network: HashMap<IpAddr, usize>,
}

/// A taken seat; dropping it frees the seat.
#[derive(Debug)]
pub(super) struct Seat {
    census: Arc<Census>,
    network: IpAddr,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    InAll,
    OfOneAddress,
}

impl Census {
    pub(super) fn new(in_all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            in_all,
            of_one,
            counts: Mutex::default(),
        })
    }

    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        let network = network(address);
        let mut counts = self.counts();
        if counts.total >= self.in_all {
            return Err(Full::InAll);
        }
        if counts.by_network.get(&network).copied().unwrap_or(0) >= self.of_one {
            return Err(Full::OfOneAddress);
        }
        *counts.by_network.entry(network).or_default() += 1;
        counts.total += 1;
        Ok(Seat {
            census: Arc::clone(self),
            network,
        })
    }

    /// How many are connected now.
    pub(super) fn total(&self) -> usize {
        self.counts().total
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Nothing under this lock can panic half-way.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.census.counts();
        counts.total -= 1;
        if let Some(count) = counts.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.by_network.remove(&self.network);
            }
        }
        if counts.total == 0 {
            // A crowd that has left must not keep its table.
            counts.by_network = HashMap::new();
        }
    }
}

/// What one machine can easily have many addresses of counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(network))
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
    fn seats_are_bounded_in_all_and_for_each_address_and_come_back() {
        let census = Census::new(3, 2);
        let first = census.enter(address("192.0.2.1")).unwrap();
        let _second = census.enter(address("::ffff:192.0.2.1")).unwrap();
        let third = census.enter(address("192.0.2.1"));
        assert_eq!(third.unwrap_err(), Full::OfOneAddress);
        let _other = census.enter(address("2001:db8::1")).unwrap();
        let fourth = census.enter(address("198.51.100.1"));
        assert_eq!(fourth.unwrap_err(), Full::InAll);
        drop(first);
        assert_eq!(census.total(), 2);
        let again = census.enter(address("192.0.2.1"));
        assert!(again.is_ok());
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let census = Census::new(10, 1);
        let _one = census.enter(address("2001:db8:0:1::1")).unwrap();
        let same = census.enter(address("2001:db8:0:1:ffff::2"));
        assert_eq!(same.unwrap_err(), Full::OfOneAddress);
        let _other = census.enter(address("2001:db8:0:2::1")).unwrap();
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let census = Census::new(1000, 1000);
        let seats: Vec<_> = (0..1000_u32)
            .map(|n| census.enter(IpAddr::V4(n.into())).unwrap())
            .collect();
        drop(seats);
        let counts = census.counts();
        assert_eq!((counts.total, counts.by_network.capacity()), (0, 0));
    }
}
