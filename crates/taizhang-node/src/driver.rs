//! The one loop: frames, commands and timers in; the hub's effects out. No decisions about documents are made here.

mod answered;
mod dial;
mod links;
mod sync_now;
pub mod why;

use std::{net::SocketAddr, time::Duration};

use taizhang_net::Endpoint;
use taizhang_sync::{Event, Input, SessionId};
use tokio::sync::mpsc;

pub use sync_now::sync_once;

use crate::{
    command::{Command, Message, Reply},
    commands,
    control::{Call, Line, Listener},
    core::{Core, Outgoing},
    error::{CommandError, ErrorKind},
};
use dial::{Dialer, NeighbourId};
use links::{Links, NetEvent};

/// How a node runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Where to listen for other nodes; absent: this node only dials.
    pub listen: Option<SocketAddr>,
}

/// What a running node tells whoever watches.
#[derive(Clone, Debug)]
pub enum NodeEvent {
    /// It listens; with port 0 asked for, this is the port.
    Listening(SocketAddr),
    /// Something happened in the hub.
    Hub(Event),
    /// A neighbour could not be dialled.
    DialFailed {
        /// Its address.
        address: String,
        /// Why, and what to do.
        why: String,
    },
    /// It is going down.
    Stopping,
}

/// Inputs that may wait for the loop.
const QUEUE_MAX: usize = 4096;
/// The loop looks at the clock at least so often, ms.
const WAIT_MS_MAX: u64 = 1_000;

/// What ends the wait of the loop.
enum Came {
    /// Something may be due.
    Nothing,
    /// The network has news.
    Net(NetEvent),
    /// Somebody asks for something.
    Call(Box<Call>),
}

/// The loop's state.
pub(crate) struct Driver {
    pub(crate) core: Core,
    pub(crate) links: Links,
    pub(crate) dialer: Dialer,
    net: mpsc::Receiver<NetEvent>,
    syncs: Vec<sync_now::Waiting>,
    stopping: Option<mpsc::Sender<Line>>,
}

impl Driver {
    pub(crate) fn new(core: Core, options: RunOptions) -> Result<Self, CommandError> {
        let (to_loop, net) = mpsc::channel(QUEUE_MAX);
        let links = Links::open(&core, options.listen, to_loop)?;
        let dialer = Dialer::new(core.settings());
        Ok(Self { core, links, dialer, net, syncs: Vec::new(), stopping: None })
    }

    /// Performs what the hub wants done, and tells what happened.
    fn settle(&mut self, on_event: &mut dyn FnMut(NodeEvent)) {
        while let Some(outgoing) = self.core.poll_outgoing() {
            let overflowed = match outgoing {
                Outgoing::Send(session, frame) => self.links.send(session, frame).err(),
                Outgoing::Close(session, reason) => {
                    self.links.close(session, reason);
                    None
                }
            };
            if let Some(session) = overflowed {
                self.links.close(session, "too slow to read");
                self.core.step(Input::Closed { session });
            }
        }
        while let Some(event) = self.core.poll_event() {
            self.links.follow_registry(&self.core);
            self.follow_answers(&event);
            if let Event::Stored { from: None, .. } = event {
                self.dialer.wake();
            }
            self.syncs.iter_mut().for_each(|s| s.hear(&event));
            on_event(NodeEvent::Hub(event));
        }
        self.finish_syncs();
    }

    fn take_net(&mut self, event: NetEvent, on_event: &mut dyn FnMut(NodeEvent)) {
        match event {
            NetEvent::Connected { connection, neighbour } => self.connected(*connection, neighbour, on_event),
            NetEvent::DialFailed { neighbour, why } => self.dial_failed(neighbour, why, on_event),
            NetEvent::Frame { session, bytes } => self.core.step(Input::Frame { session, bytes }),
            NetEvent::Closed { session, why } => {
                if let Some(why) = self.stranger(session).or(why) {
                    self.syncs.iter_mut().for_each(|s| s.closed(session, &why));
                }
                if let Some(neighbour) = self.links.remove(session) {
                    self.dialer.closed(neighbour, self.core.now());
                }
                self.core.step(Input::Closed { session });
            }
        }
    }

    fn dial_failed(&mut self, neighbour: NeighbourId, why: String, on_event: &mut dyn FnMut(NodeEvent)) {
        let address = self.dialer.failed(neighbour, self.core.now());
        self.syncs.iter_mut().for_each(|s| s.dial_failed(neighbour, &why));
        on_event(NodeEvent::DialFailed { address, why });
    }

    /// One turn of the loop: takes in what came, then does what is due by now, also while frames keep coming: a flood must not hold that up. Returns for how
    /// long the loop may wait for the next.
    fn turn(&mut self, came: Came, on_event: &mut dyn FnMut(NodeEvent)) -> Duration {
        match came {
            Came::Nothing => {}
            Came::Net(event) => self.take_net(event, on_event),
            Came::Call(call) => self.take_call(*call),
        }
        if self.core.hub().poll_timeout().is_some_and(|t| t <= self.core.now()) {
            self.core.step(Input::Timeout);
        }
        self.core.save_keys_when_due();
        self.settle(on_event);
        self.dial();
        self.wait()
    }

    /// Only a newcomer insists on the key of its invite: it shows the use of it to whom it meets. Others ask their registry who answers.
    fn dial(&mut self) {
        let insists = self.core.hub().is_newcomer();
        for (neighbour, address, key) in self.dialer.due(self.core.now()) {
            self.links.dial(neighbour, address, key.filter(|_| insists));
        }
    }

    /// Until what is due next, and never long: the clock may jump.
    fn wait(&self) -> Duration {
        let syncs = self.syncs.iter().map(|s| s.deadline()).min();
        let next =
            [self.core.hub().poll_timeout(), self.dialer.next_due(), self.core.keys_due(), syncs].into_iter().flatten().min();
        let wait = next.map_or(WAIT_MS_MAX, |t| t.0.saturating_sub(self.core.now().0).clamp(1, WAIT_MS_MAX));
        Duration::from_millis(wait)
    }

    fn take_call(&mut self, call: Call) {
        let Call { request, answer } = call;
        match request.command {
            Command::Stop => self.stopping = Some(answer),
            Command::Links { cut } => {
                self.cut_links(cut);
                answer.try_send(Line::Reply(Reply::new("links", serde_json::json!({ "cut": cut })))).ok();
            }
            Command::Sync { address, timeout_ms } => {
                if let Err(why) = self.begin_sync(address, timeout_ms, answer.clone()) {
                    answer.try_send(Line::Error(why)).ok();
                }
            }
            command => {
                let mut tell = |m: Message| {
                    answer.try_send(Line::Message(m)).ok();
                };
                let asked = answer.clone();
                self.core.set_abandoned(move || asked.is_closed());
                let line = match commands::execute(&mut self.core, &request.unlock, &command, &mut tell) {
                    Ok(reply) => Line::Reply(reply),
                    Err(error) => Line::Error(error),
                };
                self.core.set_abandoned(|| false);
                self.follow_settings();
                // A client that reads slowly enough to fill its queue with progress still gets its result.
                tokio::spawn(async move { answer.send(line).await });
            }
        }
    }

    /// The neighbours may have changed: those that were added are dialled, the sessions with those that were removed end.
    fn follow_settings(&mut self) {
        for gone in self.dialer.follow(self.core.settings()) {
            if let Some(session) = self.links.session_of(gone) {
                self.links.close(session, answered::NO_NEIGHBOUR);
                self.core.step(Input::Closed { session });
            }
        }
    }

    fn cut_links(&mut self, cut: bool) {
        self.links.set_cut(cut);
        if cut {
            for session in self.links.sessions() {
                self.links.close(session, "links are cut");
                self.core.step(Input::Closed { session });
            }
        } else {
            self.dialer.wake();
        }
    }
}

/// Runs until SIGINT, SIGTERM or [`Command::Stop`]; what is stored is durable at every moment, so nothing is lost on the way out.
///
/// # Errors
/// The endpoint or the control socket cannot be opened.
pub async fn run(core: Core, options: RunOptions, mut on_event: impl FnMut(NodeEvent)) -> Result<(), CommandError> {
    let (to_loop, mut calls) = mpsc::channel(64);
    let _listener = Listener::start(core.folder(), to_loop)?;
    let mut driver = Driver::new(core, options)?;
    if let Some(address) = driver.links.local_addr() {
        on_event(NodeEvent::Listening(address));
    }
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(signals)?;
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).map_err(signals)?;
    let mut came = Came::Nothing;
    loop {
        let wait = driver.turn(came, &mut on_event);
        if driver.stopping.is_some() {
            break;
        }
        came = tokio::select! {
            Some(event) = driver.net.recv() => Came::Net(event),
            Some(call) = calls.recv() => Came::Call(Box::new(call)),
            () = tokio::time::sleep(wait) => Came::Nothing,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        };
    }
    on_event(NodeEvent::Stopping);
    let stopping = driver.stopping.take();
    driver.links.shut_down().await;
    drop(driver);
    if let Some(answer) = stopping {
        answer.send(Line::Reply(Reply::new("stop", serde_json::json!({ "stopped": true })))).await.ok();
        // The runtime ends with this function: first let the answer leave.
        tokio::time::timeout(Duration::from_secs(2), answer.closed()).await.ok();
    }
    Ok(())
}

fn signals(e: std::io::Error) -> CommandError {
    CommandError::of(ErrorKind::Internal, crate::said::because("无法接收系统信号", "cannot listen for signals", e))
}

/// Names sessions of this start.
#[derive(Debug, Default)]
pub(crate) struct Names(u64);

impl Names {
    pub(crate) fn next(&mut self) -> SessionId {
        self.0 += 1;
        SessionId(self.0)
    }
}

/// Keeps the endpoint's type out of the other modules' signatures.
pub(crate) type SharedEndpoint = std::sync::Arc<Endpoint>;

#[cfg(test)]
mod tests;
