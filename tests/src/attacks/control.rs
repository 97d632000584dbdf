//! The control socket: another user, long requests, garbage, half a request.

use std::time::Duration;

use taizhang_core::planted::Check;
use taizhang_node::{
    command::{Command, Request, Unlock},
    control,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::mpsc,
};

use super::{
    Attack, Outcome,
    Removal::{Nothing, Off},
    Theme,
};

const HERE: Theme = Theme::Control;

/// Longer than any of these requests takes, and than a client is given.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a client is given here.
const WAIT: Duration = Duration::from_millis(100);

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "another_user_commands",
        "同一台电脑上的另一个用户向节点发命令",
        "another user of the same machine commands the node",
        Outcome::Ended("this node is run by another user and takes no commands of yours"),
        Off(Check::ControlUser),
        |_| asked(&request(), own() + 1),
    ),
    HERE.attack(
        "request_without_end",
        "请求超过 1 MiB, 想占满内存",
        "a request of more than 1 MiB, to fill the memory",
        Outcome::Ended("the request is too long"),
        Off(Check::RequestLength),
        |_| asked(&[vec![b' '; 1 << 20], request()].concat(), own()),
    ),
    HERE.attack(
        "half_a_request",
        "请求只发一半就停住, 占着位置",
        "sends half a request and waits, to hold a place",
        Outcome::Ended("the request was not sent in time"),
        Off(Check::RequestInTime),
        |_| asked(&request()[..20], own()),
    ),
    HERE.attack(
        "garbage_request",
        "发来的不是命令",
        "sends what is no command",
        Outcome::Ended("the request cannot be read"),
        Nothing("what is not read as a command is none"),
        |_| asked(b"\xff{{{\n", own()),
    ),
];

fn own() -> u32 {
    runtime().block_on(async { UnixStream::pair().unwrap().0.peer_cred().unwrap().uid() })
}

fn request() -> Vec<u8> {
    let request = Request { unlock: Unlock::default(), command: Command::Status };
    [serde_json::to_vec(&request).unwrap(), b"\n".to_vec()].concat()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client sends these bytes and no more to the node of this user: through, if it is served or may wait for ever.
fn asked(bytes: &[u8], node: u32) -> Outcome {
    runtime().block_on(async {
        let (mut client, server) = UnixStream::pair().unwrap();
        let (calls, mut taken) = mpsc::channel(1);
        let talk = async {
            let send_and_hear = async {
                client.write_all(bytes).await.ok();
                let mut heard = String::new();
                client.read_to_string(&mut heard).await.ok();
                heard
            };
            // A call that is taken is dropped: the client hears nothing.
            let take = async { while taken.recv().await.is_some() {} };
            tokio::join!(send_and_hear, control::serve(server, calls, node, WAIT), take).0
        };
        let heard = tokio::time::timeout(PATIENCE, talk).await.unwrap_or_default();
        let words = TABLE.iter().find_map(|a| match a.ends {
            Outcome::Ended(why) if heard.contains(why) => Some(why),
            _ => None,
        });
        words.map_or(Outcome::GotThrough, Outcome::Ended)
    })
}
