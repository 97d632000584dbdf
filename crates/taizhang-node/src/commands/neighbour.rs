//! The nodes that this one dials.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{OrgId, PublicKey},
    units::Ms,
};

use super::{Context, bundle, delivered, sane, shown};
use crate::{
    command::{NeighbourCommand, Reply},
    core::Core,
    error::{CommandError, ErrorKind},
    folder::Neighbour,
};

/// Neighbours, at most.
const NEIGHBOURS_MAX: usize = 64;

/// Runs one of them; each ends with the list as it is now.
pub(crate) fn run(c: &mut Context<'_>, what: &NeighbourCommand) -> Result<Reply, CommandError> {
    match what {
        NeighbourCommand::List => {}
        NeighbourCommand::Add { address, key } => {
            let address = address.trim();
            sane::host_port(address)?;
            let key = key.as_deref().map(|k| node(c.core, k)).transpose()?;
            add(c.core, address, key)?;
        }
        NeighbourCommand::Remove { address } => remove(c.core, address.trim())?,
    }
    Ok(Reply::new("neighbours", json!({ "neighbours": all(c.core) })))
}

/// Dials this address from now on; a key that is given is remembered of it.
pub(crate) fn add(core: &mut Core, address: &str, key: Option<PublicKey>) -> Result<(), CommandError> {
    let known = core.settings().neighbours.iter().any(|n| n.address == address);
    if !known && core.settings().neighbours.len() >= NEIGHBOURS_MAX {
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("联系的节点已有 {NEIGHBOURS_MAX} 个"),
            format!("there are {NEIGHBOURS_MAX} neighbours already"),
        )
        .hint("先用 taizhang neighbour remove 去掉一些", "remove some first with `taizhang neighbour remove`"));
    }
    let key = key.map(|k| k.to_string());
    core.change_settings(|s| match s.neighbours.iter_mut().find(|n| n.address == address) {
        Some(known) => known.key = key.or(known.key.take()),
        None => s.neighbours.push(Neighbour { address: address.to_owned(), key }),
    })
}

fn remove(core: &mut Core, address: &str) -> Result<(), CommandError> {
    if !core.settings().neighbours.iter().any(|n| n.address == address) {
        return Err(CommandError::not_found(format!("没有联系 {address}"), format!("{address} is no neighbour"))
            .hint("taizhang neighbour list 列出", "`taizhang neighbour list` lists them"));
    }
    core.note_answer(address, None);
    core.change_settings(|s| s.neighbours.retain(|n| n.address != address))
}

/// A node by its whole key, or by the beginning of one that a registry here certifies.
fn node(core: &Core, named: &str) -> Result<PublicKey, CommandError> {
    if let Some(key) = PublicKey::from_hex(&named.to_ascii_lowercase()) {
        return Ok(key);
    }
    match bundle::nodes_named(core, named)?.as_slice() {
        [one] => Ok(*one),
        found => Err(bundle::not_one_node(core, named, found)),
    }
}

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

/// Does all that is remembered of it belong to organisations from which nothing is awaited any more?
pub(crate) fn is_former(core: &Core, n: &Neighbour) -> bool {
    let served: BTreeSet<OrgId> =
        key(n).into_iter().flat_map(|k| core.ledger().registry.grants_of(k)).map(|(_, g)| g.row.org).collect();
    !served.is_empty() && !served.iter().any(|o| *o == core.org() || delivered::is_awaited(core, *o))
}

/// When everything was last exchanged with it; with anybody, where no key is remembered.
pub(crate) fn last_met(core: &Core, n: &Neighbour) -> Option<Ms> {
    let of = core.remembered().met().filter(|(node, _)| key(n).is_none_or(|k| k == **node));
    of.filter_map(|(_, met)| met.in_sync).max()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::{
        command::{Command, Message, OrgChange},
        commands::{
            execute,
            testkit::{Net, unlock},
        },
        folder::Folder,
    };

    fn asked(net: &mut Net, what: NeighbourCommand) -> Result<Json, CommandError> {
        net.run("clerk", &Command::Neighbour(what)).map(|reply| reply.data["neighbours"].clone())
    }

    fn add_one(net: &mut Net, address: &str, key: Option<&str>) -> Result<Json, CommandError> {
        asked(net, NeighbourCommand::Add { address: address.to_owned(), key: key.map(str::to_owned) })
    }

    #[test]
    fn neighbours_are_added_named_and_removed_and_outlive_the_program() {
        let mut net = Net::new();
        let key = "ab".repeat(32);
        add_one(&mut net, "county.example:7433", None).unwrap();
        let listed = add_one(&mut net, "county.example:7433", Some(&key)).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), 1, "one address, once");
        assert_eq!((&listed[0]["address"], &listed[0]["key"]), (&json!("county.example:7433"), &json!(key)));
        add_one(&mut net, "[2001:db8::1]:7433", None).unwrap();
        let kept = Folder::at(net.dir.path().join("node")).settings().unwrap().neighbours;
        assert_eq!(kept.len(), 2);
        let left = asked(&mut net, NeighbourCommand::Remove { address: "county.example:7433".to_owned() }).unwrap();
        assert_eq!(left.as_array().unwrap().len(), 1);
        let again = asked(&mut net, NeighbourCommand::Remove { address: "county.example:7433".to_owned() }).unwrap_err();
        assert_eq!(again.kind, ErrorKind::Usage);
    }

    #[test]
    fn who_moves_a_school_is_told_what_is_to_be_done_on_its_machines() {
        let (mut net, city) = Net::below_a_city();
        net.beside(city, "429802", "reviewer-2");
        let (org, to, from) = ("001".to_owned(), "429802".to_owned(), "2025-09-01".to_owned());
        let moves = Command::Org(OrgChange::Move { org, to, from, reason: None });
        let mut notes = Vec::new();
        let mut hear = |m: Message| notes.extend(if let Message::Note(said) = m { Some(said.en) } else { None });
        execute(&mut net.core, &unlock("admin"), &moves, &mut hear).unwrap();
        assert!(notes.iter().any(|n| n.contains("001") && n.contains("429802") && n.contains("neighbour add")), "{notes:?}");
    }

    #[test]
    fn what_is_no_address_or_no_node_is_refused() {
        let mut net = Net::new();
        let long = format!("{}:1", "a".repeat(240));
        let with_key = format!("{}@county:1", "ab".repeat(32));
        for address in
            ["county", "county:", ":7433", "county:0", "county:70000", "a b:1", "县:1", "http://county:1", &with_key, &long]
        {
            assert!(add_one(&mut net, address, None).is_err(), "{address}");
        }
        let own: String = net.core.folder().node_key().unwrap().public().to_string();
        for key in ["ab", "abcdef", &own[..8]] {
            assert!(add_one(&mut net, "county:1", Some(key)).is_err(), "{key}");
        }
        for n in 0..NEIGHBOURS_MAX {
            add_one(&mut net, &format!("county{n}:1"), None).unwrap();
        }
        assert!(add_one(&mut net, "one-more:1", None).is_err());
    }
}
