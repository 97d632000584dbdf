//! Which neighbour to dial when: at once when something was written, else now and then, with backoff after failures.

use taizhang_core::{id::PublicKey, units::Ms};
use taizhang_net::backoff::Backoff;

use crate::{folder::Settings, random};

/// Names a neighbour: its place in the settings, or beyond them an address given with `sync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NeighbourId(pub(crate) usize);

/// A connection that ended in quiet is made again after so long, unless something is written before.
const POLL_MS: u64 = 600_000;

/// No neighbour waits longer than this: above [`POLL_MS`] and the longest backoff.
const LONGEST_WAIT_MS: u64 = 7_200_000;

struct Neighbour {
    address: String,
    key: Option<PublicKey>,
    backoff: Backoff,
    state: State,
    once: bool,
}

/// Where dialling a neighbour stands.
enum State {
    /// To be dialled then.
    Due(Ms),
    /// Being dialled, or connected.
    Busy,
}

/// Which neighbour to dial when.
pub(crate) struct Dialer {
    neighbours: Vec<Neighbour>,
}

impl Dialer {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut dialer = Self { neighbours: Vec::new() };
        dialer.follow(settings);
        dialer
    }

    /// Takes over the neighbours of the settings: new ones are due at once. Returns those that are no neighbours any more; nobody dials them.
    pub(crate) fn follow(&mut self, settings: &Settings) -> Vec<NeighbourId> {
        for named in &settings.neighbours {
            let key = named.key.as_deref().and_then(PublicKey::from_hex);
            match self.neighbours.iter_mut().find(|n| n.address == named.address) {
                Some(known) => {
                    if known.once && matches!(known.state, State::Due(_)) {
                        known.state = State::Due(Ms(0));
                    }
                    (known.key, known.once) = (key, false);
                }
                None => self.neighbours.push(Neighbour {
                    address: named.address.clone(),
                    key,
                    backoff: Backoff::default(),
                    state: State::Due(Ms(0)),
                    once: false,
                }),
            }
        }
        let is_named = |address: &str| settings.neighbours.iter().any(|n| n.address == address);
        let mut gone = Vec::new();
        for (at, n) in self.neighbours.iter_mut().enumerate().filter(|(_, n)| !n.once && !is_named(&n.address)) {
            n.once = true;
            if matches!(n.state, State::Due(_)) {
                n.state = State::Due(Ms(u64::MAX));
            }
            gone.push(NeighbourId(at));
        }
        gone
    }

    /// An address to dial once, now.
    pub(crate) fn once(&mut self, address: String) -> NeighbourId {
        if let Some(known) = self.neighbours.iter().position(|n| n.address == address) {
            self.wake_one(known);
            return NeighbourId(known);
        }
        self.neighbours.push(Neighbour { address, key: None, backoff: Backoff::default(), state: State::Due(Ms(0)), once: true });
        NeighbourId(self.neighbours.len() - 1)
    }

    /// Its address.
    pub(crate) fn address(&self, id: NeighbourId) -> String {
        self.neighbours.get(id.0).map(|n| n.address.clone()).unwrap_or_default()
    }

    /// Is it dialled for one sync only, or no neighbour any more?
    pub(crate) fn is_once(&self, id: NeighbourId) -> bool {
        self.neighbours.get(id.0).is_some_and(|n| n.once)
    }

    /// The key that is remembered of it.
    pub(crate) fn key(&self, id: NeighbourId) -> Option<PublicKey> {
        self.neighbours.get(id.0)?.key
    }

    /// From now on this key is remembered of it.
    pub(crate) fn set_key(&mut self, id: NeighbourId, key: PublicKey) {
        if let Some(n) = self.neighbours.get_mut(id.0) {
            n.key = Some(key);
        }
    }

    /// Those in the settings.
    pub(crate) fn all(&self) -> impl Iterator<Item = NeighbourId> {
        self.neighbours.iter().enumerate().filter(|(_, n)| !n.once).map(|(at, _)| NeighbourId(at))
    }

    /// Something was written, or links stand again: dial the neighbours now.
    pub(crate) fn wake(&mut self) {
        self.all().collect::<Vec<_>>().into_iter().for_each(|n| self.wake_one(n.0));
    }

    fn wake_one(&mut self, n: usize) {
        if let Some(n) = self.neighbours.get_mut(n)
            && let State::Due(at) = &mut n.state
        {
            *at = Ms(0);
            n.backoff.reset();
        }
    }

    /// Those to dial now; they count as busy from here.
    pub(crate) fn due(&mut self, now: Ms) -> Vec<(NeighbourId, String, Option<PublicKey>)> {
        let mut out = Vec::new();
        for (i, n) in self.neighbours.iter_mut().enumerate() {
            // A clock that was ahead and went back must not silence a neighbour for years.
            let too_late = Ms(now.0.saturating_add(LONGEST_WAIT_MS));
            if matches!(n.state, State::Due(at) if at <= now || (at > too_late && !n.once)) {
                n.state = State::Busy;
                out.push((NeighbourId(i), n.address.clone(), n.key));
            }
        }
        out
    }

    pub(crate) fn next_due(&self) -> Option<Ms> {
        let waiting = self.neighbours.iter().filter_map(|n| match n.state {
            State::Due(at) => Some(at),
            State::Busy => None,
        });
        waiting.min()
    }

    /// Dialling failed: later again. Returns the address.
    pub(crate) fn failed(&mut self, id: NeighbourId, now: Ms) -> String {
        let Some(n) = self.neighbours.get_mut(id.0) else { return String::new() };
        let jitter = random::bytes().map_or(0, u64::from_be_bytes);
        let wait = if n.once { u64::MAX / 2 } else { n.backoff.next_ms(jitter) };
        n.state = State::Due(Ms(now.0.saturating_add(wait)));
        n.address.clone()
    }

    /// A connection ended.
    pub(crate) fn closed(&mut self, id: NeighbourId, now: Ms) {
        let Some(n) = self.neighbours.get_mut(id.0) else { return };
        let wait = if n.once { u64::MAX / 2 } else { POLL_MS };
        n.state = State::Due(Ms(now.0.saturating_add(wait)));
        n.backoff.reset();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::folder::Neighbour as Named;
    use taizhang_core::id::{NetworkId, OrgId};

    #[test]
    fn neighbours_come_and_go_while_the_node_runs() {
        let named = |address: &str| Named { address: address.to_owned(), key: None };
        let settings = |of: &[&str]| Settings::new(NetworkId([1; 32]), OrgId([1; 8]), of.iter().map(|a| named(a)).collect());
        let mut dialer = Dialer::new(&settings(&["a:1"]));
        let addresses = |d: &mut Dialer| d.due(Ms(9)).into_iter().map(|(_, address, _)| address).collect::<Vec<_>>();
        assert_eq!(addresses(&mut dialer), ["a:1"]);
        assert_eq!(dialer.follow(&settings(&["a:1", "b:1"])), []);
        assert_eq!(addresses(&mut dialer), ["b:1"], "the new one, and no second line to the other");
        let gone = dialer.follow(&settings(&["b:1"]));
        assert_eq!((gone.len(), dialer.all().count()), (1, 1));
        dialer.closed(gone[0], Ms(9));
        dialer.failed(gone[0], Ms(9));
        assert_eq!(dialer.due(Ms(9 + 2 * POLL_MS)), [], "nobody dials it");
        dialer.wake();
        assert_eq!(dialer.due(Ms(9)), [], "nor when something is written");
        assert_eq!(dialer.follow(&settings(&["a:1", "b:1"])), []);
        assert_eq!(addresses(&mut dialer), ["a:1"], "back again");
        let mut dialer = Dialer::new(&settings(&["a:1"]));
        assert_eq!(dialer.follow(&settings(&[])).len(), 1);
        assert_eq!(dialer.due(Ms(9)), [], "not dialled yet, and gone");
    }

    #[test]
    fn a_clock_that_went_back_silences_nobody() {
        let county = Named { address: "county:1".to_owned(), key: None };
        let settings = Settings::new(NetworkId([1; 32]), OrgId([1; 8]), vec![county]);
        let mut dialer = Dialer::new(&settings);
        let (in_2099, today) = (Ms(4_070_908_800_000), Ms(1_800_000_000_000));
        let dialled = |d: &mut Dialer, now| d.due(now).first().map(|(id, ..)| *id);
        let county = dialled(&mut dialer, in_2099).unwrap();
        dialer.closed(county, in_2099);
        assert_eq!(dialled(&mut dialer, in_2099), None, "it waits");
        assert_eq!(dialled(&mut dialer, today), Some(county), "the clock was set right");
        dialer.closed(county, today);
        assert_eq!(dialled(&mut dialer, today), None, "it waits again");
    }
}
