//! The world of one seed: machines, people, links, and a queue of what happens when.

use std::collections::BTreeMap;

use taizhang_core::{
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, NetworkId, OrgId},
    ledger::Ledger,
};
use taizhang_net::framing;
use taizhang_store::Store;
use taizhang_sync::{Effect, Event, Input, SessionId, Token, frame::Frame};

use super::{
    bug::Bug,
    counts::Counts,
    dice::Dice,
    dishonest::Dishonest,
    machine::{Machine, Trouble, Writing, commit_of, load},
    network::{Conn, End, Link},
    people::Person,
    trace::Trace,
};

/// What happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Happens {
    /// Bytes arrive at an end of a connection.
    Arrives { conn: usize, end: usize, bytes: Vec<u8> },
    /// An end learns that the connection is gone.
    Learns { conn: usize, end: usize },
    /// Somebody dials.
    Dials { link: usize },
    /// The disk has written a commit; the hub hears later.
    Writes { node: usize, start: u32 },
    /// The hub hears of it.
    Hears { node: usize, start: u32, ok: bool },
    /// The hub asked to be woken.
    Wakes { node: usize, start: u32 },
    /// A machine starts.
    Starts { node: usize },
    /// Somebody works.
    Works { person: usize },
    /// Something goes wrong.
    Fault,
    /// A link comes back.
    Mends { link: usize },
    /// A link breaks for a moment.
    Flaps { link: usize },
    /// A disk that stopped stops its machine.
    PowerCheck { node: usize },
    /// Somebody makes room on a disk.
    Frees { node: usize },
    /// The restore card does its work.
    Restores { node: usize },
    /// Somebody cheats.
    Misdeed { person: usize },
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    pub(crate) network: NetworkId,
    pub(crate) bug: Option<Bug>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) people: Vec<Person>,
    pub(crate) links: Vec<Link>,
    pub(crate) conns: Vec<Conn>,
    pub(crate) counts: Counts,
    pub(crate) trace: Trace,
    pub(crate) failure: Option<String>,
    /// Everything that was written by anyone, as one who hears all at once would know it.
    pub(crate) god: God,
    pub(crate) faults_began: bool,
    /// Faults, losses and dishonesty are over.
    pub(crate) is_calm: bool,
    /// Frames sent since.
    pub(crate) calm_frames: u64,
    /// Bytes of the largest frame of those with tips.
    pub(crate) tips_bytes: usize,
    pub(crate) orgs: Vec<OrgId>,
    /// Who cheats, where anybody does.
    pub(crate) dishonest: Option<Dishonest>,
    queue: BTreeMap<(u64, u64), Happens>,
    next: u64,
    sessions: u64,
    tokens: u64,
}

/// All entries that were ever durable anywhere, and what they name.
pub(crate) struct God {
    pub(crate) ledger: Ledger,
    pub(crate) entries: BTreeMap<EntryId, Vec<u8>>,
    attachments: BTreeMap<AttachmentId, Vec<u8>>,
}

impl taizhang_core::entries::Entries for God {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, taizhang_core::entries::ReadFailed> {
        Ok(self.entries.get(id).cloned())
    }

    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, taizhang_core::entries::ReadFailed> {
        Ok(self.attachments.get(id).cloned())
    }
}

impl God {
    pub(crate) fn new(network: NetworkId) -> Self {
        Self { ledger: Ledger::new(network), entries: BTreeMap::new(), attachments: BTreeMap::new() }
    }

    pub(crate) fn take(&mut self, entry: &SignedEntry) {
        let admitted = self.ledger.admit(self, entry.clone(), taizhang_core::admission::Signature::Check);
        if let Ok(admitted) = admitted {
            self.ledger.insert(&admitted);
            self.entries.insert(entry.id, entry.to_bytes());
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>, trace: bool) -> Self {
        Self {
            dice: Dice::new(seed),
            // 2024-03-01.
            now: 1_709_222_400_000,
            network: NetworkId([0; 32]),
            bug,
            machines: Vec::new(),
            people: Vec::new(),
            links: Vec::new(),
            conns: Vec::new(),
            counts: Counts::default(),
            trace: Trace::new(trace),
            failure: None,
            god: God::new(NetworkId([0; 32])),
            faults_began: false,
            is_calm: false,
            calm_frames: 0,
            tips_bytes: 0,
            orgs: Vec::new(),
            dishonest: None,
            queue: BTreeMap::new(),
            next: 0,
            sessions: 0,
            tokens: 0,
        }
    }

    pub(crate) fn fail(&mut self, what: String) {
        self.trace.line(self.now, || format!("FAILS {what}"));
        self.failure.get_or_insert(what);
    }

    pub(crate) fn at(&mut self, time: u64, what: Happens) {
        self.next += 1;
        self.queue.insert((time.max(self.now), self.next), what);
    }

    /// Runs until nothing is left to happen before `until`, or something is wrong. At most so many events.
    pub(crate) fn run_until(&mut self, until: u64, events_max: u64) {
        for _ in 0..events_max {
            if self.failure.is_some() {
                return;
            }
            let Some(first) = self.queue.first_entry() else { break };
            if first.key().0 > until {
                break;
            }
            let ((time, _), what) = first.remove_entry();
            self.now = time;
            self.happen(what);
        }
        if self.queue.first_key_value().is_some_and(|((t, _), _)| *t <= until) && self.failure.is_none() {
            self.fail(format!("does not come to rest within {events_max} events"));
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        // Wakes of programs that run no more are nothing.
        self.queue.values().all(|h| matches!(h, Happens::Wakes { node, start } if self.machines[*node].starts != *start))
    }

    pub(crate) fn left(&self) -> String {
        let next: Vec<String> =
            self.queue.iter().take(3).map(|((t, _), h)| format!("in {} s {h:?}", t.saturating_sub(self.now) / 1000)).collect();
        format!("{} events, {}", self.queue.len(), next.join(", "))
    }

    pub(crate) fn drop_plans(&mut self, drop: impl Fn(&Happens) -> bool) {
        self.queue.retain(|_, h| !drop(h));
    }

    /// What stood still on the links arrives by `time`, in the order in which it was sent.
    pub(crate) fn hasten(&mut self, time: u64) {
        let late = self.queue.split_off(&(time, 0));
        for ((at, n), what) in late {
            let on_the_way = matches!(what, Happens::Arrives { .. } | Happens::Learns { .. });
            self.queue.insert((if on_the_way { time } else { at }, n), what);
        }
        for end in self.conns.iter_mut().flat_map(|c| &mut c.ends) {
            end.arrived = end.arrived.min(time);
        }
    }

    fn happen(&mut self, what: Happens) {
        match what {
            Happens::Arrives { conn, end, bytes } => self.arrives(conn, end, &bytes),
            Happens::Learns { conn, end } => self.learns(conn, end),
            Happens::Dials { link } => self.dials(link),
            Happens::Writes { node, start } => self.writes(node, start),
            Happens::Hears { node, start, ok } => self.hears(node, start, ok),
            Happens::Wakes { node, start } => {
                if self.machines.get(node).is_some_and(|m| m.starts == start && m.running.is_some()) {
                    self.input(node, Input::Timeout);
                }
            }
            Happens::Starts { node } => self.start(node),
            Happens::Works { person } => self.works(person),
            Happens::Fault => self.fault(),
            Happens::Mends { link } => self.mends(link),
            Happens::Flaps { link } => self.flaps(link),
            Happens::PowerCheck { node } => self.power_check(node),
            Happens::Frees { node } => self.machine(node).disk.set_capacity_bytes(None),
            Happens::Restores { node } => self.restores(node),
            Happens::Misdeed { person } => self.misdeed(person),
        }
    }

    pub(crate) fn machine(&mut self, node: usize) -> &mut Machine {
        self.machines.get_mut(node).expect("machines are never removed")
    }

    /// Gives the hub of a machine an input and carries out what it asks for.
    pub(crate) fn input(&mut self, node: usize, input: Input) {
        let now = self.now;
        let m = self.machine(node);
        let clock = m.clock(now);
        let Some(r) = m.running.as_mut() else { return };
        r.hub.handle(clock, &r.store, input);
        self.carry_out(node);
    }

    /// The driver: the hub's effects in their order.
    fn carry_out(&mut self, node: usize) {
        loop {
            let (network, bug) = (self.network, self.bug);
            let m = self.machine(node);
            let Some(r) = m.running.as_mut() else { return };
            if r.hub.needs_reload() {
                match load(&r.store, network, bug) {
                    Ok(ledger) => r.hub.reload(ledger),
                    Err(Trouble::Disk) => return self.kill(node),
                    Err(Trouble::Wrong(what)) => return self.fail(what),
                }
                self.counts.reloads += 1;
            }
            let m = self.machine(node);
            let Some(effect) = m.running.as_mut().and_then(|r| r.hub.poll_effect()) else { break };
            match effect {
                Effect::Commit(id, request) => {
                    let commit = commit_of(request);
                    let (start, wait) = (m.starts, m.commit_ms.0);
                    if let Some(r) = m.running.as_mut() {
                        r.commit = Some((id, commit));
                    }
                    if wait == 0 {
                        self.writes(node, start);
                    } else {
                        let whole = wait + m.commit_ms.1;
                        self.at(self.now + wait, Happens::Writes { node, start });
                        self.maybe_cut_power(node, whole);
                    }
                }
                Effect::Send { session, frame } => self.sends(node, session, &frame),
                Effect::Close { session, reason } => self.closes(node, session, reason),
                // Nobody here has names.
                Effect::KeepKeys => {}
                Effect::Notify(event) => self.notified(node, event),
            }
        }
        self.plan_wake(node);
    }

    fn plan_wake(&mut self, node: usize) {
        let now = self.now;
        let m = self.machine(node);
        let start = m.starts;
        let due = m.running.as_ref().and_then(|r| r.hub.poll_timeout()).map(|t| m.true_time(t));
        let Some(r) = m.running.as_mut() else { return };
        if let Some(due) = due
            && r.wake.is_none_or(|w| w <= now || w > due)
        {
            r.wake = Some(due);
            self.at(due, Happens::Wakes { node, start });
        }
    }

    /// The disk does what it was told; between this and the hub's hearing of it the power may fail.
    fn writes(&mut self, node: usize, start: u32) {
        let m = self.machine(node);
        if m.starts != start {
            return;
        }
        let wait = m.commit_ms.1;
        let Some(r) = m.running.as_mut() else { return };
        let Some((_, commit)) = r.commit.as_ref() else { return };
        let outcome = r.store.commit(commit);
        if let Err(e) = &outcome {
            let full = matches!(e, taizhang_store::CommitError::NoSpace { .. });
            self.counts.disk_full += u64::from(full);
            self.counts.disk_errors += u64::from(!full);
            let text = e.to_string();
            self.trace.line(self.now, || format!("node {node}: {text}"));
        }
        if wait == 0 {
            self.hears(node, start, outcome.is_ok());
        } else {
            self.at(self.now + wait, Happens::Hears { node, start, ok: outcome.is_ok() });
        }
    }

    fn hears(&mut self, node: usize, start: u32, ok: bool) {
        let m = self.machine(node);
        if m.starts != start {
            return;
        }
        let Some((id, commit)) = m.running.as_mut().and_then(|r| r.commit.take()) else { return };
        if ok {
            for e in &commit.entries {
                if let Ok(entry) = SignedEntry::parse(&e.bytes, &self.network) {
                    self.god.take(&entry);
                }
            }
        }
        self.input(node, if ok { Input::Committed(id) } else { Input::CommitFailed(id) });
    }

    /// Somebody at this machine signs: one commit.
    pub(crate) fn write(&mut self, node: usize, person: Option<usize>, entries: Vec<SignedEntry>, attachments: Vec<Vec<u8>>) {
        self.tokens += 1;
        let token = Token(self.tokens);
        let m = self.machine(node);
        let Some(r) = m.running.as_mut() else { return };
        r.writing.insert(token, Writing { person, entries: entries.clone() });
        let attachments: Vec<(AttachmentId, Vec<u8>)> =
            attachments.into_iter().map(|bytes| (super::attachment_id(&bytes), bytes)).collect();
        self.god.attachments.extend(attachments.iter().cloned());
        self.trace.line(self.now, || format!("node {node} writes {} entries", entries.len()));
        self.input(node, Input::Local { token, entries, attachments });
    }

    fn sends(&mut self, node: usize, session: SessionId, frame: &[u8]) {
        let Some(conn) = self.machine(node).running.as_ref().and_then(|r| r.sessions.get(&session)).copied() else { return };
        if self.is_calm {
            self.calm_frames += 1;
            if super::days::names_tips(frame) {
                self.tips_bytes = self.tips_bytes.max(frame.len());
            }
        }
        if !self.is_cheat(node) {
            self.look_at_frame(node, conn, frame);
        }
        let Some(end) = self.conns.get(conn).map(|c| usize::from(c.ends[0].node == node && c.ends[0].session == session)) else {
            return;
        };
        if self.is_cheat(node) {
            return self.says_falsely(conn, end, node, frame);
        }
        if !self.is_calm && self.dice.one_in(60) {
            // A newer program says something that may be skipped.
            self.counts.optional_frames += 1;
            let mut newer = vec![0x80 | 77];
            newer.extend(self.dice.bytes::<9>());
            self.transmit(conn, end, &newer);
        }
        self.transmit(conn, end, frame);
    }

    /// Puts a frame on the stream towards `end`.
    pub(crate) fn transmit(&mut self, conn: usize, end: usize, frame: &[u8]) {
        let mut wire = Vec::new();
        framing::encode(frame, &mut wire);
        self.transmit_bytes(conn, end, wire);
    }

    pub(crate) fn transmit_bytes(&mut self, conn: usize, end: usize, wire: Vec<u8>) {
        self.trace.frame(self.now, conn, end, &wire);
        let cut = if !self.is_calm && self.dice.one_in(3) { self.dice.index(wire.len()) } else { 0 };
        let (now, head) = (self.now, wire.get(..cut).unwrap_or_default().to_vec());
        let tail = wire.get(cut..).unwrap_or_default().to_vec();
        for bytes in [head, tail].into_iter().filter(|b| !b.is_empty()) {
            let pause = if cut > 0 { self.dice.below(60) } else { 0 };
            let Some(c) = self.conns.get_mut(conn) else { return };
            let time = c.arrival(now, end, bytes.len(), pause);
            self.at(time, Happens::Arrives { conn, end, bytes });
        }
        self.maybe_cut(conn);
    }

    fn arrives(&mut self, conn: usize, at: usize, bytes: &[u8]) {
        let now = self.now;
        let Some(end) = self.conns.get_mut(conn).and_then(|c| c.ends.get_mut(at)) else { return };
        if end.is_closed {
            return;
        }
        if now >= end.deaf_from {
            self.counts.frames_lost += 1;
            self.counts.torn_frames += u64::from(end.decoder.is_mid_frame());
            return;
        }
        let (node, session) = (end.node, end.session);
        let mut input = bytes;
        loop {
            let Some(end) = self.conns.get_mut(conn).and_then(|c| c.ends.get_mut(at)) else { return };
            match end.decoder.feed(&mut input) {
                Ok(Some(frame)) => self.frame_arrives(conn, at, node, session, frame),
                Ok(None) => return,
                Err(_) => {
                    self.closes(node, session, "not frames");
                    return self.input(node, Input::Closed { session });
                }
            }
        }
    }

    fn frame_arrives(&mut self, conn: usize, at: usize, node: usize, session: SessionId, frame: Vec<u8>) {
        if self.machine(node).rogue.is_some() {
            return self.rogue_hears(conn, at, node, &frame);
        }
        self.overhears(node, &frame);
        let asked = match Frame::decode(&frame) {
            Ok(Some(Frame::Hello { join: Some(join), .. })) if !self.is_cheat(node) => self.judge_join(node, &join),
            _ => None,
        };
        self.input(node, Input::Frame { session, bytes: frame });
        if let Some((use_of, why)) = asked
            && self.machine(node).running.as_ref().is_some_and(|r| r.hub.ledger().place(&use_of).is_some())
        {
            self.fail(format!("node {node} answered an invite {why}"));
        }
    }

    pub(crate) fn dials(&mut self, link: usize) {
        let Some(l) = self.links.get_mut(link) else { return };
        l.dial_due = false;
        let (up, a, b) = (l.is_up, l.dialer, l.other);
        let on = |n: usize| self.machines.get(n).is_some_and(|m| m.running.is_some() || (m.rogue.is_some() && !m.is_gone));
        let open = self.conns.iter().any(|c| c.link == link && c.seems_open());
        if open || !up || !on(a) {
            return;
        }
        if on(b) {
            return self.connect(link);
        }
        if let Some(l) = self.links.get_mut(link) {
            l.failed += 1;
        }
        self.plan_dial(link);
    }

    pub(crate) fn connect(&mut self, link: usize) {
        let Some(l) = self.links.get(link) else { return };
        let (a, b, latency_ms, bytes_per_s) = (l.dialer, l.other, l.latency_ms, l.bytes_per_s);
        self.sessions += 2;
        let (sa, sb) = (SessionId(self.sessions), SessionId(self.sessions + 1));
        let conn = self.conns.len();
        let ends = [End::new(a, sa), End::new(b, sb)];
        self.conns.push(Conn { link, ends, latency_ms, bytes_per_s });
        self.trace.line(self.now, || format!("conn {conn}: node {a} dials node {b}"));
        for (node, session, other, dialer) in [(a, sa, b, true), (b, sb, a, false)] {
            let remote = self.machine(other).key;
            let m = self.machine(node);
            if let Some(r) = m.running.as_mut() {
                r.sessions.insert(session, conn);
                self.input(node, Input::Connected { session, remote, dialer });
            } else if m.rogue.is_some() {
                self.rogue_connected(conn, usize::from(!dialer), node);
            }
        }
    }

    /// A hub, or a rogue, ends a connection.
    pub(crate) fn closes(&mut self, node: usize, session: SessionId, reason: &'static str) {
        let found = self.conns.iter().rposition(|c| c.ends.iter().any(|e| e.node == node && e.session == session));
        let Some(conn) = found else { return };
        self.trace.line(self.now, || format!("conn {conn}: node {node} closes: {reason}"));
        let Some(c) = self.conns.get_mut(conn) else { return };
        let at = usize::from(c.ends[0].session != session);
        c.ends[at].is_closed = true;
        let other = 1 - at;
        // What was sent before arrives before the end does.
        let time = c.ends[other].arrived.max(self.now + c.latency_ms);
        let link = c.link;
        if let Some(r) = self.machine(node).running.as_mut() {
            r.sessions.remove(&session);
        }
        self.at(time, Happens::Learns { conn, end: other });
        // A machine below one whose certificate was burnt asks it every ten minutes for ever: in the calm once is enough.
        if self.is_calm
            && reason == "not certified in time"
            && let Some(l) = self.links.get_mut(link)
        {
            l.failed = 100;
        }
        if at == 0 {
            self.plan_dial(link);
        }
        if let Some(l) = self.links.get_mut(link) {
            l.failed += 1;
        }
    }

    fn learns(&mut self, conn: usize, at: usize) {
        let Some(c) = self.conns.get_mut(conn) else { return };
        let Some(end) = c.ends.get_mut(at) else { return };
        if std::mem::replace(&mut end.is_closed, true) {
            return;
        }
        let (node, session, link) = (end.node, end.session, c.link);
        if let Some(r) = self.machine(node).running.as_mut()
            && r.sessions.remove(&session).is_some()
        {
            self.input(node, Input::Closed { session });
        }
        if at == 0 {
            self.plan_dial(link);
        }
    }

    pub(crate) fn plan_dial(&mut self, link: usize) {
        let Some(l) = self.links.get(link) else { return };
        let (failed, ends) = (l.failed, [l.dialer, l.other]);
        let gone = ends.into_iter().any(|n| self.machines[n].is_gone);
        let is_in_vain = || !ends.into_iter().all(|n| self.is_certified(n)) || self.are_strangers(ends);
        if gone || (self.is_calm && failed > 10 && is_in_vain()) {
            return;
        }
        let Some(l) = self.links.get_mut(link) else { return };
        if std::mem::replace(&mut l.dial_due, true) {
            return;
        }
        let wait = (1000u64 << l.failed.min(12)).min(1_800_000);
        let time = self.now + self.dice.between(wait / 2, wait);
        self.at(time, Happens::Dials { link });
    }

    /// The connection breaks: what is on the way may be lost, and each end learns when it learns.
    pub(crate) fn cut(&mut self, conn: usize, late_ms: [u64; 2]) {
        let now = self.now;
        let Some(c) = self.conns.get_mut(conn) else { return };
        let latency = c.latency_ms;
        for (end, late) in late_ms.into_iter().enumerate() {
            let deaf = now + if latency > 0 { self.dice.below(latency + 1) } else { 0 };
            let Some(e) = self.conns.get_mut(conn).and_then(|c| c.ends.get_mut(end)) else { return };
            e.deaf_from = e.deaf_from.min(deaf);
            if !e.is_closed {
                self.at(deaf + late, Happens::Learns { conn, end });
            }
        }
        self.trace.line(now, || format!("conn {conn} is cut"));
    }

    fn start(&mut self, node: usize) {
        let (network, bug) = (self.network, self.bug);
        let m = self.machine(node);
        if m.running.is_some() || m.rogue.is_some() || m.is_gone {
            return;
        }
        match m.start(network, bug) {
            Ok(()) => {}
            Err(Trouble::Disk) => {
                m.disk.restart();
                return self.starts_again(node);
            }
            Err(Trouble::Wrong(what)) => return self.fail(what),
        }
        self.tell_god(node);
        self.finds(node);
        self.trace.line(self.now, || format!("node {node} starts"));
        let people: Vec<usize> = (0..self.people.len()).filter(|p| self.people[*p].node == node).collect();
        let is_twin = std::mem::take(&mut self.machine(node).is_twin);
        for p in people {
            if !is_twin {
                self.new_run(p);
            }
        }
        let links: Vec<usize> = (0..self.links.len()).filter(|l| self.links[*l].dialer == node).collect();
        links.into_iter().for_each(|l| self.plan_dial(l));
    }

    /// What a commit left that nobody heard of.
    fn tell_god(&mut self, node: usize) {
        let Some(r) = self.machines[node].running.as_ref() else { return };
        let mut unheard = Vec::new();
        let scanned = r.store.scan(0, &mut |_, e| {
            if !self.god.entries.contains_key(&e.id) {
                unheard.extend(SignedEntry::parse(&e.bytes, &self.network));
            }
            std::ops::ControlFlow::Continue(())
        });
        if scanned.is_ok() {
            unheard.iter().for_each(|e| self.god.take(e));
        }
    }

    /// The program stops, and all its connections with it.
    pub(crate) fn stop(&mut self, node: usize) {
        let m = self.machine(node);
        if m.running.take().is_none() {
            return;
        }
        m.starts += 1;
        let conns: Vec<usize> =
            (0..self.conns.len()).filter(|c| self.conns[*c].ends.iter().any(|e| e.node == node && !e.is_closed)).collect();
        for conn in conns {
            for e in &mut self.conns[conn].ends {
                if e.node == node {
                    e.is_closed = true;
                }
            }
            let late = if self.dice.one_in(4) { self.dice.between(1_000, 90_000) } else { 0 };
            self.cut(conn, [late, late]);
        }
    }

    fn notified(&mut self, node: usize, event: Event) {
        self.trace.event(self.now, node, &event);
        if self.machines[node].lies.is_some() {
            return self.notified_cheat(node, event);
        }
        match event {
            Event::Written(token) => {
                let m = self.machine(node);
                let Some(w) = m.running.as_mut().and_then(|r| r.writing.remove(&token)) else { return };
                m.promised.extend(w.entries.iter().map(|e| e.id));
                self.counts.written += w.entries.len() as u64;
                self.note_written(node, w.person, &w.entries);
            }
            Event::NotWritten(token, refused) => {
                let Some(w) = self.machine(node).running.as_mut().and_then(|r| r.writing.remove(&token)) else { return };
                if let Some(p) = w.person {
                    self.new_run(p);
                }
                self.not_written(node, &w, &refused);
            }
            Event::Stored { from, entries, documents } => {
                self.counts.stored += if from.is_some() { entries.len() as u64 } else { 0 };
                self.check_stored(node, from, &entries, &documents);
                self.note_stored(node, &entries);
            }
            Event::Delivered { to, entries } => {
                self.counts.delivered += entries.len() as u64;
                self.check_delivered(node, to, &entries);
            }
            Event::RefusedHere { from, document, author, reason } => {
                self.counts.refused += 1;
                self.check_refused(node, from, document, author, &reason);
            }
            Event::Receipt { from, documents, .. } => {
                self.counts.receipts += 1;
                self.check_receipt(node, from, &documents);
            }
            Event::InSync { session, .. } => {
                self.counts.in_sync += 1;
                self.reset_backoff(node, session);
            }
            Event::Greeted { with, .. } => {
                self.counts.sessions += 1;
                let knows = self
                    .machine(node)
                    .running
                    .as_ref()
                    .is_some_and(|r| r.hub.sessions().any(|s| s.remote == with && s.org.is_some()));
                self.counts.unknown_nodes += u64::from(!knows);
            }
            Event::Unreadable { entry } => self.fail(format!("node {node} cannot read entry {entry}")),
            Event::RefusedThere { .. }
            | Event::Ahead { .. }
            | Event::Ended { .. }
            | Event::KeysArrived { .. }
            | Event::KeysErased { .. }
            | Event::KeysSpoiled { .. } => {}
        }
    }

    /// What the hub of a cheating machine says is no evidence of anything.
    fn notified_cheat(&mut self, node: usize, event: Event) {
        match event {
            Event::Written(token) | Event::NotWritten(token, _) => {
                self.machine(node).running.as_mut().and_then(|r| r.writing.remove(&token));
            }
            Event::InSync { session, .. } => self.reset_backoff(node, session),
            _ => {}
        }
    }

    fn reset_backoff(&mut self, node: usize, session: SessionId) {
        let conn = self.machine(node).running.as_ref().and_then(|r| r.sessions.get(&session)).copied();
        let link = conn.and_then(|c| self.conns.get(c)).map(|c| c.link);
        if let Some(l) = link.and_then(|l| self.links.get_mut(l)) {
            l.failed = 0;
        }
    }

    /// Does a standing, open grant name this machine's node key, as one sees it who knows all?
    pub(crate) fn is_certified(&self, node: usize) -> bool {
        let Some(m) = self.machines.get(node) else { return false };
        let judge = taizhang_core::standing::Judge::new(&self.god.ledger);
        let mut grants = self.god.ledger.registry.grants_of(m.key);
        grants.any(|(name, g)| g.row.role == taizhang_core::rows::Role::Node && judge.grant_holds(name))
    }

    /// The machine with this node key, if it is an honest one.
    pub(crate) fn machine_of(&self, key: taizhang_core::id::PublicKey) -> Option<usize> {
        self.machines.iter().position(|m| m.key == key && m.rogue.is_none() && m.lies.is_none())
    }

    pub(crate) fn may_read(&self, node: usize, document: &DocId) -> bool {
        self.machines.get(node).is_some_and(|m| self.god.ledger.registry.may_read(m.org, document))
    }
}
