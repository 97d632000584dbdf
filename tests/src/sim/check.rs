//! What must hold: during the run, and when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    admission::{ONE_USE_RUN, Refusal, Signature},
    document::Document,
    entries::Entries,
    entry::{Before, SignedEntry},
    id::{DocId, EntryId, Kind, PublicKey},
    ledger::Ledger,
    standing::Judge,
    view::DocumentView,
};
use taizhang_store::Store;
use taizhang_sync::{frame::Frame, io::Refused};

use super::{locks, machine::Writing, world::World};

impl World {
    /// Tips of a document go only to nodes that may read it.
    pub(crate) fn look_at_frame(&mut self, node: usize, conn: usize, frame: &[u8]) {
        if !matches!(frame.first(), Some(&4 | &0x84)) {
            return;
        }
        let Ok(Some(Frame::Tips { document, tips } | Frame::SomeTips { document, tips })) = Frame::decode(frame) else { return };
        let Some(to) = self.conns.get(conn).and_then(|c| c.ends.iter().find(|e| e.node != node)).map(|e| e.node) else { return };
        let known = self.god.ledger.document(&document).is_some();
        if !tips.is_empty() && known && document.kind != Kind::Registry && !self.may_read_by(node, to, &document) {
            self.fail(format!("node {node} told node {to} the tips of {document}, which it may not read"));
        }
    }

    /// A join that must not be answered here: who uses it, and why not.
    pub(crate) fn judge_join(&mut self, node: usize, join: &[u8]) -> Option<(EntryId, &'static str)> {
        let entry = SignedEntry::parse(join, &self.network).ok()?;
        let clock = self.machines.get(node)?.clock(self.now);
        let ledger = self.ledger_of(node)?;
        if ledger.place(&entry.id).is_some() {
            return None;
        }
        let Before::Start { grant: Some(grant), .. } = entry.header.before else { return None };
        let invite = ledger.registry.grants.get(&grant)?;
        let used = ledger.document(&entry.header.log.document)?.logs.contains_key(&(invite.row.key, ONE_USE_RUN));
        if used {
            return Some((entry.id, "a second time"));
        }
        invite.row.expires_ms.is_some_and(|e| e < clock).then_some((entry.id, "after its time"))
    }

    pub(crate) fn not_written(&mut self, node: usize, w: &Writing, refused: &Refused) {
        if let (Refused::Rule(rule), Some(_)) = (refused, w.person) {
            self.fail(format!("node {node} refused its own user: {rule}"));
        }
    }

    pub(crate) fn check_stored(&mut self, node: usize, from: Option<PublicKey>, entries: &[EntryId], documents: &[DocId]) {
        if let Some(id) = entries.iter().find(|id| !self.machines[node].has(id)) {
            return self.fail(format!("node {node} says that it stored {id}, and did not"));
        }
        if from.is_some()
            && let Some(d) = documents.iter().find(|d| d.kind != Kind::Registry && !self.may_read_by(node, node, d))
        {
            return self.fail(format!("node {node} took document {d}, which it may not read"));
        }
        self.takes(node, documents.to_vec());
    }

    /// Whatever a sender hears to be delivered is durable at the receiver.
    pub(crate) fn check_delivered(&mut self, _node: usize, to: PublicKey, entries: &[EntryId]) {
        let Some(to) = self.machine_of(to) else { return };
        self.promise(to, entries, "acknowledged");
    }

    fn promise(&mut self, to: usize, entries: &[EntryId], what: &str) {
        // What a disk forgot that was restored to an image was true when it was said.
        if self.machines[to].rolled_back > 0 && self.machines[to].rolled_back + 20_000_000 > self.now {
            return;
        }
        let m = self.machine(to);
        if m.running.is_some()
            && let Some(id) = entries.iter().find(|id| !m.has(id))
        {
            let text = format!("node {to} {what} entry {id} and does not have it");
            return self.fail(text);
        }
        m.promised.extend(entries);
    }

    /// Honest nodes do not send what the other may not hold.
    pub(crate) fn check_refused(&mut self, node: usize, from: PublicKey, document: DocId, author: PublicKey, reason: &Refusal) {
        let Some(from) = self.machine_of(from) else { return };
        if document.kind != Kind::Registry && !self.may_read_by(from, node, &document) {
            self.fail(format!("node {from} sent node {node} document {document}, which it may not read"));
        } else if matches!(
            reason,
            Refusal::Signature | Refusal::Payload(_) | Refusal::Replaces | Refusal::OneUse | Refusal::RegisterTwice
        ) {
            self.fail(format!("node {node} refused an entry of {author} in {document} from honest node {from}: {reason}"));
        }
    }

    /// A receipt never names what its signer lacks.
    pub(crate) fn check_receipt(&mut self, node: usize, from: PublicKey, documents: &[DocId]) {
        let Some(signer) = self.machine_of(from) else { return };
        let Some(r) = self.machines[node].running.as_ref() else { return };
        let mut tips = Vec::new();
        let mut are_signed = true;
        for (key, document, receipt) in r.hub.receipts() {
            if *key == from && documents.contains(document) {
                are_signed &= receipt.is_signed(&self.network);
                tips.extend(receipt.documents.iter().flat_map(|(_, tips)| tips.iter().copied()));
            }
        }
        if !are_signed {
            return self.fail(format!("node {node} keeps a receipt that nobody signed"));
        }
        self.promise(signer, &tips, "gave a receipt for");
    }

    /// Everything has come to rest: nodes that can reach each other through readers hold the same.
    pub(crate) fn check_end(&mut self) {
        let mut verified = BTreeSet::new();
        let mut clean: BTreeMap<usize, Ledger> = BTreeMap::new();
        for node in 0..self.machines.len() {
            if self.failure.is_some() {
                return;
            }
            if !self.is_cheat(node) && self.machines[node].running.is_some() {
                match self.verify(node, &mut verified) {
                    Ok(ledger) => _ = clean.insert(node, ledger),
                    Err(e) => return self.fail(e),
                }
            }
        }
        self.check_sessions();
        self.check_lateness(&clean);
        self.counts.forks += self.god.ledger.forks().count() as u64;
        let documents: BTreeSet<DocId> = clean.values().flat_map(|l| l.documents().copied()).collect();
        let sample = self.dice.index(documents.len().max(1));
        for (n, document) in documents.into_iter().enumerate() {
            let members: Vec<usize> = clean.keys().copied().filter(|m| self.reads(*m, &document)).collect();
            for group in self.groups(&members, &document) {
                let result = self.same(&document, &group, &clean, n % 5 == sample % 5);
                if let Err(e) = result {
                    return self.fail(e);
                }
            }
        }
    }

    /// At rest nothing is owed or on its way between certified nodes that are connected.
    fn check_sessions(&mut self) {
        for node in 0..self.machines.len() {
            let Some(r) = self.machines[node].running.as_ref() else { continue };
            let is_open = |s| {
                let conn = r.sessions.get(&s).and_then(|c| self.conns.get(*c));
                conn.is_some_and(|c| c.ends.iter().all(|e| !e.is_closed && e.deaf_from == u64::MAX))
            };
            let left = r.hub.sessions().find(|s| {
                self.machine_of(s.remote).is_some() && s.org.is_some() && s.owed + s.in_flight > 0 && is_open(s.session)
            });
            if let Some(s) = left {
                let to = self.machine_of(s.remote);
                return self.fail(format!("node {node} at rest owes node {to:?}: {s:?}"));
            }
        }
    }

    /// Does this node's configuration ask for the document, and may it read it, and is it certified at all?
    pub(crate) fn reads(&self, node: usize, document: &DocId) -> bool {
        self.machines[node].wants.has(document.kind) && self.is_certified(node) && self.may_read(node, document)
    }

    /// Nodes connected by live links through each other. A line that a move left which was taken back leads nowhere.
    fn groups(&self, members: &[usize], document: &DocId) -> Vec<Vec<usize>> {
        let mut left: BTreeSet<usize> = members.iter().copied().collect();
        let mut groups = Vec::new();
        while let Some(first) = left.pop_first() {
            let mut group = vec![first];
            let mut at = 0;
            while let Some(node) = group.get(at).copied() {
                at += 1;
                for c in self.conns.iter().filter(|c| c.ends.iter().all(|e| !e.is_closed && e.deaf_from == u64::MAX)) {
                    let [a, b] = &c.ends;
                    if self.are_strangers([a.node, b.node]) {
                        continue;
                    }
                    for (x, y) in [(a.node, b.node), (b.node, a.node)] {
                        if x == node && self.knows_reader(x, y, document) && self.knows_reader(y, x, document) && left.remove(&y)
                        {
                            group.push(y);
                        }
                    }
                }
            }
            groups.push(group);
        }
        groups
    }

    /// Can `node` know that `other` may read the document? A county does not hold the registry of its neighbour.
    fn knows_reader(&self, node: usize, other: usize, document: &DocId) -> bool {
        self.ledger_of(node).is_some_and(|l| l.registry.may_read(self.machines[other].org, document))
    }

    /// Reads the whole store of a node and admits it anew with every check; compares with what the hub knows.
    fn verify(&self, node: usize, verified: &mut BTreeSet<(EntryId, Vec<u8>)>) -> Result<Ledger, String> {
        let m = &self.machines[node];
        let r = m.running.as_ref().ok_or("not running")?;
        let mut ledger = Ledger::new(self.network);
        let mut wrong = None;
        r.store
            .scan(0, &mut |_, e| {
                let entry = SignedEntry::parse(&e.bytes, &self.network);
                let outcome = entry.map_err(|e| e.to_string()).and_then(|entry| {
                    let known = verified.contains(&(entry.id, entry.signature.to_vec()));
                    let key = (entry.id, entry.signature.to_vec());
                    let check = if known { Signature::Checked } else { Signature::Check };
                    let missing = taizhang_core::ledger::row_ops(&entry)
                        .iter()
                        .flat_map(|(_, row)| taizhang_core::rows::attachments(row))
                        .find(|a| r.store.attachment(a).ok().flatten().is_none());
                    if let Some(a) = missing {
                        return Err(format!("attachment {a} is not here"));
                    }
                    let admitted = ledger.admit(&r.store, entry, check).map_err(|e| e.to_string())?;
                    ledger.insert(&admitted);
                    verified.insert(key);
                    Ok(())
                });
                match outcome {
                    Ok(()) => std::ops::ControlFlow::Continue(()),
                    Err(why) => {
                        wrong = Some(format!("node {node} holds entry {} that may not enter: {why}", e.id));
                        std::ops::ControlFlow::Break(())
                    }
                }
            })
            .map_err(|e| e.to_string())?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if let Some(id) = m.promised.iter().find(|id| ledger.place(id).is_none()) {
            return Err(format!("node {node} promised {id} and lost it"));
        }
        for document in r.hub.ledger().documents() {
            if document.kind != Kind::Registry && !self.ever_read(node, document) && !self.wrote_here(node, document) {
                return Err(format!("node {node} holds {document}, which it may not read"));
            }
            if r.hub.ledger().open_tips(document) != ledger.open_tips(document) {
                return Err(format!("node {node}: the hub's open tips of {document} are not those of its store"));
            }
        }
        if r.hub.ledger().len() != ledger.len() {
            return Err(format!("node {node}: the hub knows {} entries, its store {}", r.hub.ledger().len(), ledger.len()));
        }
        Ok(ledger)
    }

    /// May it read the document, or might it when it took it? What is there is not unread.
    fn ever_read(&self, node: usize, document: &DocId) -> bool {
        self.may_read(node, document) || self.machines[node].taken.contains(document)
    }

    fn wrote_here(&self, node: usize, document: &DocId) -> bool {
        self.people.iter().any(|p| p.node == node && p.org == document.owner) || document.owner == self.machines[node].org
    }

    /// Equal open tips, entries, view bytes and heads.
    fn same(&self, document: &DocId, group: &[usize], clean: &BTreeMap<usize, Ledger>, deep: bool) -> Result<(), String> {
        let Some((first, rest)) = group.split_first() else { return Ok(()) };
        let held = |n: &usize, only_counting: bool| -> BTreeSet<EntryId> {
            let Some(l) = clean.get(n) else { return BTreeSet::new() };
            let all = l.document(document).map(|d| d.entries.clone()).unwrap_or_default();
            all.into_iter().filter(|id| !only_counting || !l.is_surplus_entry(id)).collect()
        };
        // A branch that a lock names counts for who may read the lock; the others hold it all the same.
        let reviews = |n: &usize| clean.get(n).map(|l| locks::reviews(l, document.concerns()));
        let expected = held(first, true);
        for other in rest {
            let got = held(other, true);
            let is_same = reviews(first) == reviews(other);
            let lacks = |set: &BTreeSet<EntryId>, n: &usize| set.difference(&held(n, is_same)).count();
            let (a, b) = (lacks(&expected, other), lacks(&got, first));
            if a + b > 0 {
                return Err(format!(
                    "{document}: node {first} has {a} entries that node {other} lacks, and {b} the other way round"
                ));
            }
        }
        let bytes = |n: &usize, l: &Ledger| {
            let entries = self.entries_here(*n, *document);
            let judge = Judge::new(l);
            DocumentView::build(l, &judge, *document, &entries).bytes()
        };
        // Who does not ask for reviews cannot know what they accept; who may not read those about the subject (a school that registers another's hours) not what they lock.
        let judges: Vec<usize> = group.iter().copied().filter(|n| self.machines[*n].wants.has(Kind::Review)).collect();
        let mut expected_views: BTreeMap<BTreeSet<EntryId>, Vec<u8>> = BTreeMap::new();
        for n in &judges {
            let (hub, clean) = (self.ledger_of(*n).ok_or("not running")?, clean.get(n).ok_or("not running")?);
            let view = bytes(n, hub);
            let reviews = locks::reviews(clean, document.concerns());
            if !expected_views.contains_key(&reviews) && view != bytes(n, clean) {
                return Err(format!("{document}: the view of node {n} is not that of its store"));
            }
            if *expected_views.entry(reviews).or_insert_with(|| view.clone()) != view {
                return Err(format!("{document}: the view of node {n} differs from that of another"));
            }
        }
        if deep { self.same_heads(document, group, &expected) } else { Ok(()) }
    }

    fn same_heads(&self, document: &DocId, group: &[usize], counted: &BTreeSet<EntryId>) -> Result<(), String> {
        let mut heads: Option<Vec<[u8; 32]>> = None;
        for (i, n) in group.iter().take(2).enumerate() {
            let mut entries = self.entries_here(*n, *document);
            entries.retain(|e| counted.contains(&e.id));
            let step = if i == 0 { entries.len().max(1) } else { entries.len() / 3 + 1 };
            let mut built = Document::empty(*document).map_err(|e| e.to_string())?;
            for (k, piece) in entries.chunks(step).enumerate() {
                built = match built.apply(piece) {
                    Ok(d) => d,
                    Err(taizhang_core::document::DocumentError::NeedsRebuild { .. }) => {
                        let upto = entries.len().min((k + 1) * step);
                        Document::build(*document, entries.get(..upto).unwrap_or_default())
                            .map_err(|e| format!("{document}: {e}"))?
                    }
                    Err(e) => return Err(format!("{document}: {e}")),
                };
            }
            let got = built.heads();
            if heads.as_ref().is_some_and(|h| *h != got) {
                return Err(format!("{document}: node {n} derives other heads"));
            }
            heads = Some(got);
        }
        Ok(())
    }
}
