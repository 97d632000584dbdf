//! The control socket: commands reach a running node through a Unix socket in its data folder.
//!
//! A client sends one JSON line ([`Request`]); the node answers with JSON lines: any number of [`Message`]s, then `{"reply": …}` or `{"error": …}`. Only the owner of the data folder can open the socket.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
    sync::mpsc,
};

use crate::{
    command::{Message, Reply, Request},
    error::{CommandError, ErrorKind},
    folder::Folder,
};

/// Bytes of a request, at most.
const REQUEST_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of an answer, at most.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// Clients at once.
const CLIENTS_MAX: usize = 32;
/// Answer lines that may wait for a slow client.
const LINES_MAX: usize = 1024;

/// One line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Before the result.
    Message(Message),
    /// The result.
    Reply(Reply),
    /// Why there is none.
    Error(CommandError),
}

/// A request and where its answer goes.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) answer: mpsc::Sender<Line>,
}

fn socket(folder: &Folder) -> PathBuf {
    folder.file("node.sock")
}

/// Asks the node that runs on this folder; `None` if none does.
///
/// # Errors
/// As the command says, or the connection broke.
pub fn call(folder: &Folder, request: &Request, tell: &mut dyn FnMut(Message)) -> Result<Option<Reply>, CommandError> {
    let Ok(mut stream) = UnixStream::connect(socket(folder)) else { return Ok(None) };
    let broke = |e: &dyn std::fmt::Display| {
        CommandError::new(
            ErrorKind::NotReachable,
            format!("与本机节点的连接中断: {e}"),
            format!("the connection to this machine's node broke: {e}"),
        )
    };
    let mut line = serde_json::to_vec(request).map_err(CommandError::storage)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(|e| broke(&e))?;
    for line in BufReader::new(stream.take(ANSWER_BYTES_MAX)).lines() {
        let line = line.map_err(|e| broke(&e))?;
        match serde_json::from_str(&line).map_err(|e| broke(&e))? {
            Line::Message(message) => tell(message),
            Line::Reply(reply) => return Ok(Some(reply)),
            Line::Error(error) => return Err(error),
        }
    }
    Err(broke(&"no answer"))
}

/// Takes requests until dropped; the socket file goes with it. It has a thread of its own: while the loop is busy with long work its progress is told, and a client that
/// goes away is noticed.
#[derive(Debug)]
pub(crate) struct Listener {
    path: PathBuf,
    /// Dropping it ends the thread.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Listener {
    /// Listens in the folder. The caller holds the store's lock, so a socket that is there already is a leftover.
    pub(crate) fn start(folder: &Folder, calls: mpsc::Sender<Call>) -> Result<Self, CommandError> {
        let path = socket(folder);
        std::fs::remove_file(&path).ok();
        let listener = std::os::unix::net::UnixListener::bind(&path).map_err(CommandError::storage)?;
        listener.set_nonblocking(true).map_err(CommandError::storage)?;
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(CommandError::storage)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::storage)?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, calls) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { path, _stop: stop })
    }
}

async fn accept(listener: std::os::unix::net::UnixListener, calls: mpsc::Sender<Call>) {
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(CLIENTS_MAX));
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let calls = calls.clone();
        tokio::spawn(async move {
            serve(stream, calls).await;
            drop(place);
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

async fn serve(stream: tokio::net::UnixStream, calls: mpsc::Sender<Call>) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = tokio::io::BufReader::new(read.take(REQUEST_BYTES_MAX));
    if read.read_line(&mut line).await.is_err() {
        return;
    }
    let (answer, mut lines) = mpsc::channel(LINES_MAX);
    match serde_json::from_str(&line) {
        Ok(request) => {
            if calls.send(Call { request, answer }).await.is_err() {
                return;
            }
        }
        Err(_) => {
            let why = CommandError::new(ErrorKind::Usage, "请求无法识别", "the request cannot be read");
            answer.try_send(Line::Error(why)).ok();
            drop(answer);
        }
    }
    loop {
        let mut more = [0];
        let line = tokio::select! {
            line = lines.recv() => line,
            // A client says nothing more: it has gone, and nobody waits for the answer.
            _ = read.read(&mut more) => return,
        };
        let Some(line) = line else { return };
        let Ok(mut bytes) = serde_json::to_vec(&line) else { return };
        bytes.push(b'\n');
        let is_result = !matches!(line, Line::Message(_));
        if write.write_all(&bytes).await.is_err() || is_result {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::command::Command;

    #[test]
    fn a_client_that_goes_away_is_noticed_and_one_that_waits_hears_of_progress() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, node) = tokio::net::UnixStream::pair().unwrap();
            let (to_loop, mut calls) = mpsc::channel(1);
            tokio::spawn(serve(node, to_loop));
            let (read, mut write) = client.into_split();
            let request = Request { unlock: crate::command::Unlock::default(), command: Command::AuditVerify };
            write.write_all(&[serde_json::to_vec(&request).unwrap(), b"\n".to_vec()].concat()).await.unwrap();
            let call = calls.recv().await.unwrap();
            assert!(!call.answer.is_closed());
            call.answer.send(Line::Message(Message::Progress { what: "verify".into(), done: 1, total: 2 })).await.unwrap();
            let mut line = String::new();
            let mut read = tokio::io::BufReader::new(read);
            read.read_line(&mut line).await.unwrap();
            assert!(line.contains("verify"), "{line}");
            drop((read, write));
            call.answer.closed().await;
        });
    }
}
