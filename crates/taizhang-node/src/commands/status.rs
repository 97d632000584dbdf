//! `status`: what is here, who may do what on this machine, and how far each document has come.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, PublicKey},
    ledger::Ledger,
    receipt::Receipt,
    standing::{Judge, Standing},
};
use taizhang_store::Store;

use super::{
    Context, conflict, delivered, neighbour,
    review::late::{self, Late},
    shown,
};
use crate::{command::Reply, core::Core, error::CommandError, keyfile};

/// What is here.
pub(crate) fn run(c: &Context<'_>) -> Result<Reply, CommandError> {
    let core: &Core = c.core;
    let ledger = core.ledger();
    let conflicts = conflict::all(core)?;
    let registers = conflicts.iter().filter(|x| x.is_register()).count();
    let mut documents: BTreeMap<&str, usize> = BTreeMap::new();
    ledger.documents().for_each(|d| *documents.entry(d.kind.word()).or_default() += 1);
    let own = |d: &&DocId| d.owner == core.org() || d.subject == Some(core.org());
    let progress: Vec<Json> = ledger.documents().filter(own).map(|d| progress(core, d)).collect();
    let late = Late::of(core, |o| ledger.registry.is_at_or_above(core.org(), o))?;
    let after_lock = json!({ "entries": late.entries(), "rows": late.count() });
    Ok(Reply::new(
        "status",
        json!({
            "network": core.network().to_string(),
            "node": core.folder().node_key()?.public().to_string(),
            "org": org(core),
            "entries": ledger.len(),
            "stored": core.store().len(),
            "documents": documents.values().sum::<usize>(),
            "documents_by_kind": documents,
            "keys": keys(core)?,
            "neighbours": neighbour::all(core),
            "sessions": sessions(core),
            "progress": progress,
            "delivered": delivered::all(core).iter().map(|d| d.json(core)).collect::<Vec<_>>(),
            "locked": locked(core),
            "after_lock": after_lock,
            "conflicts": { "registers": registers, "rivals": conflicts.len() - registers },
            "not_standing": not_standing(ledger),
            "forks": forks(core),
            "damage": { "holes": core.damage().holes, "lost": core.damage().lost },
        }),
    ))
}

/// The locks that close a year of this organisation.
fn locked(core: &Core) -> Vec<Json> {
    late::locks(core, &Judge::new(core.ledger()), core.org(), true)
}

fn org(core: &Core) -> Json {
    let known = core.ledger().registry.orgs.get(&core.org()).map(|o| o.current());
    json!({
        "id": core.org().to_string(), "code": known.map(|o| o.code.clone()), "name": known.map(|o| o.name.clone()),
        "kind": known.map(|o| o.kind.word()), "closed": shown::closed(core, core.org()).map(|d| d.to_string()),
    })
}

/// The keys on this machine with every grant they were given.
fn keys(core: &Core) -> Result<Vec<Json>, CommandError> {
    let judge = Judge::new(core.ledger());
    let roles = |key: PublicKey| -> Vec<Json> {
        let grants = core.ledger().registry.grants_of(key);
        let role = grants.map(|(name, g)| {
            json!({
                "org": shown::org(core, g.row.org), "role": g.row.role.word(), "label": g.row.label,
                "office": g.row.office.map(|o| o.word()), "open": judge.grant_is_open(name),
            })
        });
        role.collect()
    };
    let keys = keyfile::list(core.folder())?.into_iter();
    Ok(keys.map(|k| json!({ "key": k.public.to_string(), "label": k.label, "roles": roles(k.public) })).collect())
}

fn sessions(core: &Core) -> Vec<Json> {
    let session = core.hub().sessions().map(|s| {
        json!({
            "node": s.remote.to_string(), "org": s.org.map(|o| shown::org(core, o)), "phase": format!("{:?}", s.phase).to_lowercase(),
            "dialed": s.dialer, "owed": s.owed, "in_flight": s.in_flight,
        })
    });
    session.collect()
}

/// Saved here → received there: which of our open tips each receipt covers, and how many entries came since.
fn progress(core: &Core, document: &DocId) -> Json {
    let ledger = core.ledger();
    let (tips, entries) = (ledger.open_tips(document), ledger.document(document).map_or(0, |d| d.entries.len()));
    let receipts = core.hub().receipts().filter(|(_, d, _)| *d == document);
    let receipts: Vec<Json> = receipts.map(|(node, _, r)| received(core, document, *node, r, &tips, entries)).collect();
    json!({
        "document": shown::document(core, document), "id": document.to_string(), "kind": document.kind.word(), "year": document.period,
        "entries": entries, "open_tips": tips.len(), "received": receipts,
    })
}

fn received(core: &Core, document: &DocId, node: PublicKey, receipt: &Receipt, tips: &[EntryId], entries: usize) -> Json {
    let ledger = core.ledger();
    let reached = delivered::reached(ledger, document, receipt);
    json!({
        "node": node.to_string(),
        "org": shown::of_node(core, node),
        "time_ms": receipt.time.0,
        "entries": reached.len(),
        "since": entries.saturating_sub(reached.len()),
        "tips_covered": tips.iter().filter(|t| reached.contains(*t)).count(),
    })
}

/// Entries that are here and do not count, by reason: late, burnt, without a grant.
fn not_standing(ledger: &Ledger) -> BTreeMap<&'static str, usize> {
    let judge = Judge::new(ledger);
    let mut out = BTreeMap::new();
    for id in ledger.documents().filter_map(|d| ledger.document(d)).flat_map(|d| &d.entries) {
        let standing = judge.standing(id);
        if standing != Standing::Stands {
            *out.entry(standing.word()).or_default() += 1;
        }
    }
    out
}

/// Two entries at one place of a log: proof that their author, or the author's disk, wrote twice. Uses of one invite look alike and are told apart by their kind.
fn forks(core: &Core) -> Vec<Json> {
    let fork = core.ledger().forks().map(|(log, sequence, ids)| {
        json!({
            "document": shown::document(core, &log.document), "key": log.key.to_string(), "run": log.run.to_string(), "sequence": sequence,
            "entries": ids.iter().map(EntryId::to_string).collect::<Vec<_>>(),
            "invite": log.document.kind == Kind::Registry && log.run == taizhang_core::admission::ONE_USE_RUN,
        })
    });
    fork.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use taizhang_core::{key::SecretKey, receipt::Receipt, units::Ms};

    use super::{
        super::testkit::{Net, registration},
        *,
    };
    use crate::{command::Command, folder::Folder};

    #[test]
    fn what_is_here_and_who_may_do_what() {
        let mut net = Net::new();
        net.fill();
        let s = net.data("clerk", &Command::Status);
        assert_eq!(s["entries"], s["stored"]);
        assert_eq!(s["entries"].as_u64().unwrap(), net.core.ledger().len());
        assert_eq!(s["documents_by_kind"]["ledger"], 2);
        assert_eq!((&s["org"]["code"], &s["org"]["kind"]), (&"429801".into(), &"county".into()));
        let keys = s["keys"].as_array().unwrap();
        let clerk = keys.iter().find(|k| k["label"] == "clerk").unwrap();
        assert_eq!(
            (&clerk["roles"][0]["org"], &clerk["roles"][0]["role"], &clerk["roles"][0]["open"]),
            (&"001".into(), &"clerk".into(), &true.into())
        );
        assert_eq!(s["conflicts"]["rivals"], 0);
        assert_eq!(s["forks"].as_array().unwrap().len(), 0);
        // A node shows the way of its own organisation's documents, not of every school's.
        assert!(s["progress"].as_array().unwrap().iter().all(|p| p["document"].as_str().unwrap().starts_with("429801/")));
    }

    #[test]
    fn a_receipt_covers_what_it_reaches_and_no_more() {
        let mut net = Net::new();
        let notice = net.notice();
        net.put("office", notice, &registration("A", "T", 1));
        let covered = net.core.ledger().open_tips(&notice);
        net.put("office", notice, &registration("B", "T", 1));
        net.put("office", notice, &registration("C", "T", 1));
        let key = SecretKey::from_seed([9; 32]);
        let receipt = Receipt::sign(&key, &net.core.network(), 1, Ms(77), vec![(notice, covered)]);
        let note = ([b"receipt/".as_slice(), &key.public().0, &notice.to_bytes()].concat(), Some(receipt.to_bytes()));
        let commit = taizhang_store::Commit { notes: vec![note], ..Default::default() };
        net.core.store_mut().commit(&commit).unwrap();
        let Net { core, dir, .. } = net;
        drop(core);
        let mut core = Core::open(Folder::at(dir.path().join("node")), &mut |_, _, _| {}).unwrap();
        let reply = super::super::execute(&mut core, &Default::default(), &Command::Status, &mut |_| {}).unwrap();
        let progress = reply.data["progress"].as_array().unwrap().clone();
        let of_notice = progress.iter().find(|p| p["kind"] == "notice").unwrap();
        assert_eq!(of_notice["entries"], 3);
        let r = &of_notice["received"][0];
        assert_eq!(
            (&r["entries"], &r["since"], &r["tips_covered"], &r["time_ms"]),
            (&1.into(), &2.into(), &0.into(), &77.into())
        );
    }
}
