//! How many connections there are, from where, and which to close when the endpoint goes.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use taizhang_core::{
    id::PublicKey,
    planted::{Check, is_off},
};

use crate::{
    config::{Config, Known},
    error::Code,
};

/// Why a newcomer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The endpoint has all the connections it may have.
    Everywhere,
    /// This address has all the connections it may have.
    Address,
}

/// Why a connection has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The endpoint is closed.
    Closed,
    /// It is not known, and others that are not have all places that are for such.
    Strangers,
}

/// Every connection of an endpoint, under way or open.
pub(crate) struct Registry {
    connections_max: usize,
    per_address_max: usize,
    strangers_max: usize,
    strangers_per_address_max: usize,
    known: Known,
    state: Mutex<State>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    incoming: usize,
    by_address: BTreeMap<IpAddr, usize>,
    open: BTreeMap<u64, Open>,
    closed: bool,
}

/// An open connection, and the socket of its own if it was dialed.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) connection: quinn::Connection,
    pub(crate) socket: Option<quinn::Endpoint>,
    /// Of an accepted one: whose, and from where.
    pub(crate) from: Option<(PublicKey, SocketAddr)>,
}

impl Registry {
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            connections_max: config.connections_max,
            per_address_max: config.connections_per_address_max,
            strangers_max: config.strangers_max,
            strangers_per_address_max: config.strangers_per_address_max,
            known: Arc::clone(&config.known),
            state: Mutex::default(),
        })
    }

    /// Counts a newcomer from `addr` until the slot is dropped.
    pub(crate) fn enter(self: &Arc<Self>, addr: SocketAddr) -> Result<Slot, Full> {
        let address = counted_address(addr.ip());
        let mut state = self.lock();
        if state.incoming >= self.connections_max {
            return Err(Full::Everywhere);
        }
        let here = state.by_address.get(&address).copied().unwrap_or(0);
        if here >= self.per_address_max && !is_off(Check::AddressShare) {
            return Err(Full::Address);
        }
        state.by_address.insert(address, here + 1);
        state.incoming += 1;
        Ok(Slot { registry: Arc::clone(self), address })
    }

    /// Is there no place for one more with this key from there? Who is known, or became known since it came, takes none of the strangers' places.
    pub(crate) fn is_crowded(&self, key: PublicKey, from: SocketAddr) -> bool {
        self.has_no_place(&self.lock(), key, from)
    }

    fn has_no_place(&self, state: &State, key: PublicKey, from: SocketAddr) -> bool {
        if (self.known)(&key) || is_off(Check::StrangersShare) {
            return false;
        }
        let here = counted_address(from.ip());
        let strangers = || state.open.values().filter_map(|o| o.from).filter(|(key, _)| !(self.known)(key));
        strangers().count() >= self.strangers_max
            || strangers().filter(|(_, at)| counted_address(at.ip()) == here).count() >= self.strangers_per_address_max
    }

    /// Keeps `open` for [`Registry::close`] until the guard is dropped, which closes it.
    pub(crate) fn open(self: &Arc<Self>, open: Open, slot: Option<Slot>) -> Result<Guard, NoPlace> {
        let mut state = self.lock();
        if state.closed {
            return Err(NoPlace::Closed);
        }
        if open.from.is_some_and(|(key, from)| self.has_no_place(&state, key, from)) {
            return Err(NoPlace::Strangers);
        }
        let number = state.next;
        state.next += 1;
        state.open.insert(number, open.clone());
        Ok(Guard { registry: Arc::clone(self), number, connection: open.connection, _slot: slot })
    }

    /// Takes no more, and gives what is to be closed.
    pub(crate) fn close(&self) -> Vec<Open> {
        let mut state = self.lock();
        state.closed = true;
        state.open.values().cloned().collect()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing between lock and unlock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An IPv6 customer has a whole /64.
fn counted_address(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// One newcomer's place.
#[derive(Debug)]
pub(crate) struct Slot {
    registry: Arc<Registry>,
    address: IpAddr,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.registry.lock();
        state.incoming = state.incoming.saturating_sub(1);
        if let Some(count) = state.by_address.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                state.by_address.remove(&self.address);
            }
        }
    }
}

/// Shared by the parts of a connection; the last one closes it.
#[derive(Debug)]
pub(crate) struct Guard {
    registry: Arc<Registry>,
    number: u64,
    connection: quinn::Connection,
    _slot: Option<Slot>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.connection.close(Code::Dropped.wire(), b"");
        let gone = self.registry.lock().open.remove(&self.number);
        // The last reference to a socket may take long to go: not under the lock.
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn registry(connections_max: usize, connections_per_address_max: usize) -> Arc<Registry> {
        Registry::new(&Config { connections_max, connections_per_address_max, ..Config::new(|_| true) })
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let registry = registry(3, 2);
        let a1 = registry.enter(at("10.0.0.1:1")).unwrap();
        let a2 = registry.enter(at("10.0.0.1:2")).unwrap();
        assert_eq!(registry.enter(at("10.0.0.1:3")).unwrap_err(), Full::Address);
        let b = registry.enter(at("10.0.0.2:1")).unwrap();
        assert_eq!(registry.enter(at("10.0.0.3:1")).unwrap_err(), Full::Everywhere);
        drop(a1);
        let c = registry.enter(at("10.0.0.1:4")).unwrap();
        drop((a2, b, c));
        assert!(registry.lock().by_address.is_empty());
        assert_eq!(registry.lock().incoming, 0);
    }

    #[test]
    fn one_ipv6_customer_is_one_address() {
        let registry = registry(10, 1);
        let _one = registry.enter(at("[2001:db8:1:2::1]:1")).unwrap();
        assert!(registry.enter(at("[2001:db8:1:2:ffff::9]:1")).is_err());
        assert!(registry.enter(at("[2001:db8:1:3::1]:1")).is_ok());
        let _v4 = registry.enter(at("10.0.0.1:1")).unwrap();
        assert!(registry.enter(at("[::ffff:10.0.0.1]:2")).is_err());
    }
}
