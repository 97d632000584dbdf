//! Real nodes in threads of the test's process, with data folders, control sockets and QUIC on loopback.

use std::{
    net::SocketAddr,
    path::Path,
    sync::mpsc::{Receiver, channel},
    thread::JoinHandle,
    time::Duration,
};

use taizhang_node::{
    command::{Command, Reply, Request, Unlock},
    commands::found,
    control,
    core::Core,
    driver::{NodeEvent, RunOptions, run},
    error::CommandError,
    folder::Folder,
};

/// How long a test waits for something that must happen, before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The passphrase of every key in tests.
pub const PASSPHRASE: &str = "nine mountain schools";

/// Unlocks the key with this label.
#[must_use]
pub fn unlock(key: &str) -> Unlock {
    Unlock { key: Some(key.to_owned()), passphrase: Some(PASSPHRASE.to_owned()) }
}

/// A data folder that founded a network.
///
/// # Panics
/// It cannot.
#[must_use]
pub fn founded(path: &Path, kind: &str) -> Folder {
    let folder = Folder::at(path);
    found::init(&folder, &unlock("admin"), "429800", "示范市", kind).expect("founds a network");
    folder
}

/// A data folder that joined by an invite.
///
/// # Panics
/// It cannot.
#[must_use]
pub fn joined(path: &Path, invite: &str) -> Folder {
    let folder = Folder::at(path);
    found::join(&folder, &unlock("clerk"), invite, None).expect("joins by the invite");
    folder
}

/// A running node.
pub struct Running {
    /// Its data folder.
    pub folder: Folder,
    /// Where it listens.
    pub address: Option<SocketAddr>,
    events: Receiver<NodeEvent>,
    thread: Option<JoinHandle<Result<(), CommandError>>>,
}

impl Running {
    /// Starts a node on a folder; listens on a free port if asked to.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(folder: &Folder, listen: bool) -> Self {
        Self::start_at(folder, listen.then(|| SocketAddr::from(([127, 0, 0, 1], 0))))
    }

    /// Starts a node that listens at this address, or only dials.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start_at(folder: &Folder, listen: Option<SocketAddr>) -> Self {
        let (tell, events) = channel();
        let core = Core::open(folder.clone(), &mut |_, _, _| {}).expect("opens the data folder");
        let options = RunOptions { listen };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(core, options, move |event| {
                tell.send(event).ok();
            }))
        });
        let mut node = Self { folder: folder.clone(), address: None, events, thread: Some(thread) };
        if listen.is_some() {
            node.address = node.wait(|e| if let NodeEvent::Listening(a) = e { Some(*a) } else { None });
        }
        node
    }

    /// Waits for an event; `None` after [`PATIENCE`].
    pub fn wait<T>(&self, mut wanted: impl FnMut(&NodeEvent) -> Option<T>) -> Option<T> {
        let start = std::time::Instant::now();
        while let Some(left) = PATIENCE.checked_sub(start.elapsed()) {
            let event = self.events.recv_timeout(left).ok()?;
            if let Some(found) = wanted(&event) {
                return Some(found);
            }
        }
        None
    }

    /// Takes all events that have happened; counts those that fit.
    pub fn drain(&self, fits: impl Fn(&NodeEvent) -> bool) -> usize {
        self.events.try_iter().filter(|e| fits(e)).count()
    }

    /// Asks the node.
    ///
    /// # Errors
    /// As the command says.
    ///
    /// # Panics
    /// It does not answer.
    pub fn ask(&self, key: &str, command: Command) -> Result<Reply, CommandError> {
        let request = Request { unlock: unlock(key), command };
        let start = std::time::Instant::now();
        loop {
            // The socket appears a moment after the thread starts.
            if let Some(reply) = control::call(&self.folder, &request, &mut |_| {})? {
                return Ok(reply);
            }
            assert!(start.elapsed() < PATIENCE, "the node does not answer");
            std::thread::yield_now();
        }
    }

    /// Stops it in good order.
    ///
    /// # Panics
    /// It fails.
    pub fn stop(mut self) {
        self.ask("", Command::Stop).expect("stops");
        let thread = self.thread.take().expect("runs until stopped");
        thread.join().expect("no panic").expect("ends well");
    }
}

/// A field of a reply as text.
///
/// # Panics
/// There is no such field.
#[must_use]
pub fn text(reply: &Reply, field: &str) -> String {
    reply.data.get(field).and_then(serde_json::Value::as_str).expect("the reply has this field").to_owned()
}
