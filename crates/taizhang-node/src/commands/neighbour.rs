//! The nodes that this one dials.

use serde_json::{Value as Json, json};
use taizhang_core::{id::PublicKey, units::Ms};

use super::shown;
use crate::{core::Core, folder::Neighbour};

/// The neighbours in the settings: whose node is remembered, when everything was last exchanged with it, and who answered there whom our registry does not know.
pub(crate) fn all(core: &Core) -> Vec<Json> {
    let one = |n: &Neighbour| {
        let stranger = core.remembered().answered(&n.address);
        json!({
            "address": n.address, "key": n.key, "org": key(n).and_then(|k| shown::of_node(core, k)),
            "last_sync_ms": last_met(core, n).map(|m| m.0),
            "stranger": stranger.map(|a| a.key.to_string()), "stranger_seen_ms": stranger.map(|a| a.time.0),
        })
    };
    core.settings().neighbours.iter().map(one).collect()
}

/// The node that is remembered.
fn key(n: &Neighbour) -> Option<PublicKey> {
    n.key.as_deref().and_then(PublicKey::from_hex)
}

/// When everything was last exchanged with it; with anybody, where no key is remembered.
pub(crate) fn last_met(core: &Core, n: &Neighbour) -> Option<Ms> {
    let of = core.remembered().met().filter(|(node, _)| key(n).is_none_or(|k| k == **node));
    of.filter_map(|(_, met)| met.in_sync).max()
}
