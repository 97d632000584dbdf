//! A machine of the demo: a data folder of its own, and a process of this very program that runs its node.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command as Process, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use serde_json::Value;
use taizhang_node::{
    command::{Command, Reply, Request, Unlock},
    error::{CommandError, Text},
    folder::Folder,
};

use super::story::differs;
use crate::front;

/// Every key of the demo has the same passphrase.
pub(super) const PASSPHRASE: &str = "demo demo";
/// A node of the demo listens within this, or something is wrong.
const START: Duration = Duration::from_secs(15);

pub(super) struct Machine {
    /// For the narration.
    pub(super) name: Text,
    pub(super) folder: Folder,
    /// Where its node listens.
    pub(super) address: String,
    node: Option<Running>,
}

/// A node's process. It ends when its standard input closes, so it cannot outlive this one, however this one ends.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Machine {
    pub(super) fn new(base: &Path, name: Text, folder: &str) -> Self {
        Self { name, folder: Folder::at(base.join(folder)), address: String::new(), node: None }
    }

    /// Does a command: the machine's node if it runs, else this process on the machine's data folder, as `taizhang` itself does.
    pub(super) fn ask(&self, command: Command) -> Result<Reply, CommandError> {
        let unlock = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
        let request = Request { unlock, command };
        front::execute(&self.folder, request, &mut |_| {})
    }

    /// The same, with the key of this name (the machine that founded the network has two).
    pub(super) fn ask_as(&self, key: &str, command: Command) -> Result<Reply, CommandError> {
        let unlock = Unlock { key: Some(key.to_owned()), passphrase: Some(PASSPHRASE.to_owned()) };
        front::execute(&self.folder, Request { unlock, command }, &mut |_| {})
    }

    /// Starts the machine's node; returns when it listens.
    pub(super) fn start(&mut self) -> Result<(), CommandError> {
        let log = std::fs::File::create(self.folder.file("run.log")).map_err(failed)?;
        let mut child = Process::new(std::env::current_exe().map_err(failed)?)
            .args(["run", "--json", "--listen", "127.0.0.1:0", "--until-stdin-closes", "--data"])
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let running = Running { child, stdin };
        let (send, lines) = channel();
        std::thread::spawn(move || {
            // Reads to the end: a node must never wait for us to read its events.
            stdout.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok).for_each(|line| {
                send.send(line).ok();
            });
        });
        self.address = self.listening(&lines)?;
        self.node = Some(running);
        Ok(())
    }

    fn listening(&self, lines: &Receiver<String>) -> Result<String, CommandError> {
        let until = Instant::now() + START;
        let why = loop {
            match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let event: Value = serde_json::from_str(&line).unwrap_or_default();
                    if event.get("event").and_then(Value::as_str) == Some("listening") {
                        return Ok(event.get("address").and_then(Value::as_str).unwrap_or_default().to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => break "timeout",
                Err(RecvTimeoutError::Disconnected) => break "it ended",
            }
        };
        let log = self.folder.file("run.log");
        let log = log.display();
        Err(differs(
            format!("{} 的节点没有启动, 见 {log}", self.name.zh),
            format!("the node of {} did not start ({why}), see {log}", self.name.en),
        ))
    }

    /// Stops the node in good order.
    pub(super) fn stop(&mut self) -> Result<(), CommandError> {
        if let Some(mut running) = self.node.take() {
            self.ask(Command::Stop)?;
            running.child.wait().map_err(failed)?;
        }
        Ok(())
    }

    /// Runs this program on another data folder as a person would, and returns its exit code and its JSON.
    pub(super) fn command_line(folder: &Path, args: &[&str]) -> Result<(i32, Value), CommandError> {
        let output = Process::new(std::env::current_exe().map_err(failed)?)
            .args(args)
            .arg("--json")
            .arg("--data")
            .arg(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(failed)?;
        let reply = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok((output.status.code().unwrap_or(-1), reply))
    }

    /// A copy of the data folder as it lies on the disk; the node must not be running.
    pub(super) fn copy(&self, to: &Path) -> Result<PathBuf, CommandError> {
        copy_folder(self.folder.path(), to).map_err(failed)?;
        Ok(to.to_owned())
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The demo could not use this computer as it needs to.
pub(super) fn failed(e: std::io::Error) -> CommandError {
    CommandError::storage(e)
}
