//! The control socket: commands reach a running node through a Unix socket in its data folder.
//!
//! A client sends one JSON line ([`Request`]); the node answers with JSON lines: any number of [`Message`]s, then `{"reply": …}` or `{"error": …}`.
//! Only the user whose node it is may ask: by the mode of the socket, and by the kernel's word who is at the other end. A line may hold a passphrase, so both sides wipe it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use taizhang_core::planted::{Check, handed_over, is_off};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
    sync::mpsc,
};
use zeroize::Zeroizing;

use crate::{
    command::{Message, Reply, Request},
    error::{CommandError, ErrorKind},
    folder::Folder,
};

/// Bytes of a request, at most.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of an answer, at most.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// Clients at once.
const CLIENTS_MAX: usize = 32;
/// A client sends its whole request within this…
const REQUEST_WAIT: Duration = Duration::from_secs(10);
/// …and takes each line of the answer within this.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// Room for a request at first; it doubles.
const REQUEST_BYTES_FIRST: usize = 4096;
/// Bytes of a socket's name (sockaddr_un less its zero).
const SOCKET_NAME_BYTES_MAX: usize = 107;
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
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Hears the answer, line by line.
    pub answer: mpsc::Sender<Line>,
}

fn socket(folder: &Folder) -> PathBuf {
    folder.file("node.sock")
}

/// The socket by a name that the kernel takes (107 bytes, sockaddr_un: about thirty Chinese characters), and the folder, open as long as that name is used.
fn short(folder: &Folder) -> std::io::Result<(Option<std::fs::File>, PathBuf)> {
    let path = socket(folder);
    if path.as_os_str().len() <= SOCKET_NAME_BYTES_MAX {
        return Ok((None, path));
    }
    let dir = std::fs::File::open(folder.path())?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/node.sock", dir.as_raw_fd()));
    Ok((Some(dir), path))
}

/// Asks the node that runs on this folder; `None` if none does.
///
/// # Errors
/// As the command says, or the connection broke.
pub fn call(folder: &Folder, request: &Request, tell: &mut dyn FnMut(Message)) -> Result<Option<Reply>, CommandError> {
    folder.guard()?;
    let Ok(mut stream) = short(folder).and_then(|(_dir, path)| UnixStream::connect(path)) else { return Ok(None) };
    let broke = |e: &dyn std::fmt::Display| {
        let why = crate::said::because("与本机节点的连接中断", "the connection to this machine's node broke", e);
        CommandError::of(ErrorKind::NotReachable, why)
    };
    let line = line(request)?;
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

/// A request as one line, in one piece of memory that is wiped: its length is counted first.
fn line(request: &Request) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let mut count = Count(0);
    serde_json::to_writer(&mut count, request).map_err(CommandError::storage)?;
    let mut line = Zeroizing::new(Vec::with_capacity(count.0 + 1));
    serde_json::to_writer(&mut *line, request).map_err(CommandError::storage)?;
    line.push(b'\n');
    Ok(line)
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
        let bind = |(_dir, path)| std::os::unix::net::UnixListener::bind::<PathBuf>(path);
        let listener = short(folder).and_then(bind).map_err(CommandError::storage)?;
        listener.set_nonblocking(true).map_err(CommandError::storage)?;
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(CommandError::storage)?;
        let own = tokio::net::UnixStream::pair().and_then(|(one, _)| one.peer_cred()).map_err(CommandError::storage)?.uid();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::storage)?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(handed_over(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, calls, own) => {}
                    _ = stopped => {}
                }
            });
        }));
        Ok(Self { path, _stop: stop })
    }
}

async fn accept(listener: std::os::unix::net::UnixListener, calls: mpsc::Sender<Call>, own: u32) {
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(CLIENTS_MAX));
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let calls = calls.clone();
        tokio::spawn(async move {
            serve(stream, calls, own, REQUEST_WAIT).await;
            drop(place);
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

/// One client from its request to the last line of its answer: it must be of this user and has so long to ask.
pub async fn serve(mut stream: tokio::net::UnixStream, calls: mpsc::Sender<Call>, own: u32, wait: Duration) {
    let request = match receive(&mut stream, own, wait).await {
        Ok(request) => request,
        Err(why) => {
            tokio::time::timeout(wait, refuse(stream, why)).await.ok();
            return;
        }
    };
    let (answer, mut lines) = mpsc::channel(LINES_MAX);
    if calls.send(Call { request, answer }).await.is_err() {
        return;
    }
    loop {
        let mut more = [0];
        let line = tokio::select! {
            biased;
            line = lines.recv() => line,
            // A client says nothing more: it has gone, and nobody waits for the answer.
            _ = stream.read(&mut more) => return,
        };
        let Some(line) = line else { return };
        let Ok(mut bytes) = serde_json::to_vec(&line) else { return };
        bytes.push(b'\n');
        let is_result = !matches!(line, Line::Message(_));
        let written = tokio::time::timeout(ANSWER_WAIT, stream.write_all(&bytes)).await;
        if !matches!(written, Ok(Ok(()))) || is_result {
            return;
        }
    }
}

/// Says why there is no answer. What lies unread when a socket is closed would make the other end lose these words, so the rest of the request is read and wiped.
async fn refuse(mut stream: tokio::net::UnixStream, why: CommandError) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(&Line::Error(why))?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(REQUEST_BYTES_MAX as u64);
    let mut read = Zeroizing::new([0; REQUEST_BYTES_FIRST]);
    while rest.read(&mut *read).await? > 0 {}
    Ok(())
}

/// The request of whoever is at the other end, if that is us.
async fn receive(stream: &mut tokio::net::UnixStream, own: u32, wait: Duration) -> Result<Request, CommandError> {
    if !stream.peer_cred().is_ok_and(|peer| peer.uid() == own) && !is_off(Check::ControlUser) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "此节点由另一个用户运行, 不接受您的命令",
            "this node is run by another user and takes no commands of yours",
        )
        .hint("请用运行节点的用户执行命令", "run the command as the user who runs the node"));
    }
    let unreadable = || CommandError::new(ErrorKind::Usage, "请求无法识别", "the request cannot be read");
    let wait = if is_off(Check::RequestInTime) { Duration::MAX } else { wait };
    let line = tokio::time::timeout(wait, read_line(stream)).await;
    let line = line.map_err(|_| {
        CommandError::new(ErrorKind::Usage, "请求没有在限定时间内送完", "the request was not sent in time")
            .hint("请再试一次", "try again")
    })??;
    serde_json::from_slice(&line).map_err(|_| unreadable())
}

/// One line, in memory that is wiped: where it grows, what it grew out of is wiped too.
async fn read_line(stream: &mut tokio::net::UnixStream) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let mut line: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES_FIRST));
    while line.last() != Some(&b'\n') {
        if line.len() == line.capacity() {
            if line.len() >= REQUEST_BYTES_MAX && !is_off(Check::RequestLength) {
                return Err(CommandError::new(ErrorKind::Usage, "请求太长", "the request is too long")
                    .hint("请分几次办理", "do it in several commands"));
            }
            let mut larger = Zeroizing::new(Vec::with_capacity(line.len() * 2));
            larger.extend_from_slice(&line);
            line = larger;
        }
        let room = line.capacity() - line.len();
        let read = stream.take(room as u64).read_buf(&mut *line).await.map_err(CommandError::storage)?;
        if read == 0 {
            break;
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests;
