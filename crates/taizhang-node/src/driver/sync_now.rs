//! `sync`: dial, compare, wait until nothing is owed.

use serde_json::json;
use taizhang_core::units::Ms;
use taizhang_sync::{Event, Input, SessionId};
use tokio::sync::mpsc;

use super::{Came, Driver, RunOptions, dial::NeighbourId, why};
use crate::{
    command::{Message, Reply},
    control::Line,
    core::Core,
    error::{CommandError, ErrorKind},
};

/// Somebody waits for a sync.
pub(super) struct Waiting {
    answer: mpsc::Sender<Line>,
    until: Ms,
    targets: Vec<Target>,
    sent: u64,
    received: u64,
    receipts: u64,
    traffic: taizhang_net::Traffic,
}

struct Target {
    neighbour: NeighbourId,
    session: Option<SessionId>,
    /// What to say if nothing comes of it, where our registry does not know who answered.
    stranger: Option<String>,
    state: Outcome,
}

enum Outcome {
    Open,
    Done,
    Failed(String),
}

impl Waiting {
    pub(super) fn deadline(&self) -> Ms {
        self.until
    }

    /// Is this one of those that it waits for?
    pub(super) fn waits_for(&self, neighbour: NeighbourId) -> bool {
        self.targets.iter().any(|t| t.neighbour == neighbour)
    }

    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Stored { from: Some(_), entries, .. } => {
                self.received += entries.len() as u64;
                self.tell();
            }
            Event::Delivered { entries, .. } => {
                self.sent += entries.len() as u64;
                self.tell();
            }
            Event::Receipt { .. } => self.receipts += 1,
            Event::InSync { session, .. } => self.settle(*session, || Outcome::Done),
            Event::Ended { session, reason, .. } => self.settle(*session, || Outcome::Failed((*reason).to_owned())),
            _ => {}
        }
    }

    fn settle(&mut self, session: SessionId, outcome: impl Fn() -> Outcome) {
        let open = self.targets.iter_mut().filter(|t| t.session == Some(session) && matches!(t.state, Outcome::Open));
        open.for_each(|t| t.state = outcome());
    }

    /// The other node ended the connection with these words.
    pub(super) fn closed(&mut self, session: SessionId, why: &str) {
        self.settle(session, || Outcome::Failed(why.to_owned()));
    }

    fn tell(&self) {
        let message = Message::Progress { what: "sync".to_owned(), done: self.sent + self.received, total: 0 };
        self.answer.try_send(Line::Message(message)).ok();
    }

    pub(super) fn dial_failed(&mut self, neighbour: NeighbourId, why: &str) {
        let open = self.targets.iter_mut().filter(|t| t.neighbour == neighbour && matches!(t.state, Outcome::Open));
        open.for_each(|t| t.state = Outcome::Failed(why.to_owned()));
    }

    /// One neighbour in sync is enough; no one left to hope for, or too late, is a failure.
    fn outcome(&self, now: Ms) -> Option<Result<(), String>> {
        let open = self.targets.iter().any(|t| matches!(t.state, Outcome::Open));
        if !open && self.targets.iter().any(|t| matches!(t.state, Outcome::Done)) {
            return Some(Ok(()));
        }
        let why = self.targets.iter().find_map(|t| match &t.state {
            Outcome::Failed(why) => Some(why.clone()),
            Outcome::Open | Outcome::Done => None,
        });
        if !open {
            return Some(Err(why.unwrap_or_default()));
        }
        let silent = self.targets.iter().find_map(|t| t.stranger.clone());
        (now >= self.until).then(|| Err(silent.unwrap_or_else(|| "timeout".to_owned())))
    }
}

impl Driver {
    pub(super) fn begin_sync(
        &mut self,
        address: Option<String>,
        timeout_ms: u64,
        answer: mpsc::Sender<Line>,
    ) -> Result<(), CommandError> {
        let neighbours: Vec<NeighbourId> = match address {
            Some(a) => vec![self.dialer.once(a)],
            None => self.dialer.all().collect(),
        };
        if neighbours.is_empty() {
            return Err(CommandError::new(ErrorKind::NotReachable, "没有可以同步的节点", "there is no node to sync with").hint(
                "给出地址: taizhang sync HOST:PORT; 或用 taizhang neighbour add 记下",
                "name an address: `taizhang sync HOST:PORT`, or keep it with `taizhang neighbour add`",
            ));
        }
        self.dialer.wake();
        let targets = neighbours.into_iter().map(|neighbour| {
            let session = self.links.session_of(neighbour);
            Target { neighbour, session, stranger: None, state: Outcome::Open }
        });
        let targets: Vec<Target> = targets.collect();
        let running: Vec<SessionId> = targets.iter().filter_map(|t| t.session).collect();
        let until = Ms(self.core.now().0.saturating_add(timeout_ms));
        let traffic = self.links.traffic();
        self.syncs.push(Waiting { answer, until, targets, sent: 0, received: 0, receipts: 0, traffic });
        running.into_iter().for_each(|session| self.core.step(Input::Compare { session }));
        Ok(())
    }

    /// Answers those whose sync has come to an end.
    pub(super) fn finish_syncs(&mut self) {
        for s in &mut self.syncs {
            for t in s.targets.iter_mut().filter(|t| t.session.is_none()) {
                t.session = self.links.session_of(t.neighbour);
            }
        }
        let strangers: Vec<_> = self.links.strangers().into_iter().filter_map(|(s, ..)| Some((s, self.stranger(s)?))).collect();
        for (session, why) in strangers {
            let targets = self.syncs.iter_mut().flat_map(|s| &mut s.targets);
            targets.filter(|t| t.session == Some(session)).for_each(|t| t.stranger = Some(why.clone()));
        }
        let (bytes, now) = (self.links.traffic(), self.core.now());
        let mut open = Vec::new();
        for s in std::mem::take(&mut self.syncs) {
            match s.outcome(now) {
                None => open.push(s),
                Some(Ok(())) => {
                    let reply = json!({
                        "sent_entries": s.sent, "received_entries": s.received, "receipts": s.receipts,
                        "udp_bytes_out": bytes.sent_bytes.saturating_sub(s.traffic.sent_bytes),
                        "udp_bytes_in": bytes.received_bytes.saturating_sub(s.traffic.received_bytes),
                    });
                    s.answer.try_send(Line::Reply(Reply::new("sync", reply))).ok();
                }
                Some(Err(why)) => {
                    s.answer.try_send(Line::Error(why::error(&why))).ok();
                }
            }
        }
        self.syncs = open;
    }
}

/// Syncs from a process that runs no node: dials, exchanges, and ends.
///
/// # Errors
/// Nobody could be reached in time.
pub async fn sync_once(
    core: Core,
    address: Option<String>,
    timeout_ms: u64,
    tell: &mut dyn FnMut(Message),
) -> Result<Reply, CommandError> {
    let mut driver = Driver::new(core, RunOptions::default())?;
    let (answer, mut lines) = mpsc::channel(1024);
    driver.begin_sync(address, timeout_ms, answer)?;
    let mut came = Came::Nothing;
    let outcome = loop {
        let wait = driver.turn(came, &mut |_| {});
        if let Some(outcome) = heard(&mut lines, tell) {
            break outcome;
        }
        came = tokio::select! {
            Some(event) = driver.net.recv() => Came::Net(event),
            () = tokio::time::sleep(wait) => Came::Nothing,
        };
    };
    driver.links.shut_down().await;
    outcome
}

/// Passes on what was said so far; the result, once it is there.
fn heard(lines: &mut mpsc::Receiver<Line>, tell: &mut dyn FnMut(Message)) -> Option<Result<Reply, CommandError>> {
    loop {
        match lines.try_recv().ok()? {
            Line::Message(message) => tell(message),
            Line::Reply(reply) => return Some(Ok(reply)),
            Line::Error(error) => return Some(Err(error)),
        }
    }
}
