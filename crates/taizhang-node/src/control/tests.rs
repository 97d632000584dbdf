#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use tokio::io::AsyncBufReadExt as _;

use super::*;
use crate::command::{Command, Unlock};

/// What a client hears that sends these bytes and no more.
async fn answer(sent: Vec<u8>, own: u32, wait: Duration) -> (String, Option<Request>) {
    let (mut client, server) = tokio::net::UnixStream::pair().unwrap();
    let (calls, mut taken) = mpsc::channel(1);
    let serving = tokio::spawn(serve(server, calls, own, wait));
    let sending = tokio::spawn(async move {
        client.write_all(&sent).await.ok();
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.ok();
        heard
    });
    // A call that is dropped ends the answer.
    let request = taken.recv().await.map(|call| call.request);
    serving.await.unwrap();
    (sending.await.unwrap(), request)
}

fn own() -> u32 {
    tokio::net::UnixStream::pair().unwrap().0.peer_cred().unwrap().uid()
}

fn request() -> Vec<u8> {
    let request = Request { unlock: Unlock { key: None, passphrase: Some("a passphrase".to_owned()) }, command: Command::Status };
    line(&request).unwrap().to_vec()
}

#[tokio::test]
async fn only_the_nodes_own_user_may_ask() {
    let (heard, request_taken) = answer(request(), own(), REQUEST_WAIT).await;
    assert_eq!((heard.as_str(), request_taken.unwrap().unlock.passphrase.as_deref()), ("", Some("a passphrase")));
    let (heard, request_taken) = answer(request(), own() + 1, REQUEST_WAIT).await;
    assert!(heard.contains("another user") && request_taken.is_none(), "{heard}");
}

#[tokio::test]
async fn a_request_has_a_greatest_length() {
    let padded = |bytes: usize| [vec![b' '; bytes - request().len()], request()].concat();
    let (_, taken) = answer(padded(REQUEST_BYTES_MAX), own(), REQUEST_WAIT).await;
    assert!(taken.is_some());
    let (_, taken) = answer(padded(REQUEST_BYTES_MAX + 1), own(), REQUEST_WAIT).await;
    assert!(taken.is_none());
    let (mut client, mut server) = tokio::net::UnixStream::pair().unwrap();
    let sending = tokio::spawn(async move { client.write_all(&padded(REQUEST_BYTES_MAX + 1)).await });
    assert_eq!(read_line(&mut server).await.unwrap_err().what.en, "the request is too long");
    sending.abort();
    let (heard, taken) = answer(b"{}\n".to_vec(), own(), REQUEST_WAIT).await;
    assert!(heard.contains("cannot be read") && taken.is_none(), "{heard}");
}

#[tokio::test]
async fn a_client_that_does_not_finish_is_let_go() {
    let (heard, taken) = answer(b"{\"unlock\":".to_vec(), own(), Duration::from_millis(20)).await;
    assert!(heard.contains("not sent in time") && taken.is_none(), "{heard}");
}

#[test]
fn a_client_that_goes_away_is_noticed_and_one_that_waits_hears_of_progress() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, node) = tokio::net::UnixStream::pair().unwrap();
        let (to_loop, mut calls) = mpsc::channel(1);
        tokio::spawn(serve(node, to_loop, own(), REQUEST_WAIT));
        let (read, mut write) = client.into_split();
        let request = Request { unlock: Unlock::default(), command: Command::AuditVerify };
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

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_node() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().join("node"));
    folder.create().unwrap();
    let (calls, _taken) = mpsc::channel(1);
    let listener = Listener::start(&folder, calls).unwrap();
    let mode = std::fs::metadata(socket(&folder)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(listener);
    assert!(!socket(&folder).exists());
}

/// A person may keep the ledger deep in a folder with a long name.
#[tokio::test]
async fn a_folder_whose_name_is_too_long_for_a_socket_works() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().join("继续教育学时台账".repeat(6)));
    folder.create().unwrap();
    assert!(socket(&folder).as_os_str().len() > SOCKET_NAME_BYTES_MAX);
    let (calls, mut taken) = mpsc::channel(1);
    let listener = Listener::start(&folder, calls).unwrap();
    let asking = folder.clone();
    let request = Request { unlock: Unlock::default(), command: Command::Status };
    let asked = tokio::task::spawn_blocking(move || call(&asking, &request, &mut |_| {}));
    let there = taken.recv().await.unwrap();
    there.answer.send(Line::Reply(Reply::new("status", serde_json::json!({})))).await.unwrap();
    assert!(asked.await.unwrap().unwrap().is_some());
    drop(listener);
    assert!(!socket(&folder).exists());
}
