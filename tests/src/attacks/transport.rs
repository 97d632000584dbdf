//! Real sockets on loopback: strangers, floods, half-open handshakes, slow readers.

use std::{
    future::Future,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::{Command, Stdio},
    time::Duration,
};

use taizhang_core::{id::PublicKey, planted::Check};
use taizhang_net::{CloseReason, Config, ConnectError, Connection, Endpoint, NodeKey, framing::Decoder};
use tokio::sync::oneshot;

use super::{
    Attack, Bench, Outcome,
    Removal::{Nothing, Off},
    Theme,
};

const HERE: Theme = Theme::Transport;

/// Nothing on loopback takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections of one address that the county takes.
const SHARE: usize = 128;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "stranger_connects",
        "用一串未获认证的节点密钥从一个地址连接, 想占满那里的名额, 让同一地址的学校连不上",
        "connects from one address with one key after the other that nobody certified, to take the places of the schools there",
        Outcome::Ended("no more places for strangers"),
        Off(Check::StrangersShare),
        |_| quickly(strangers()),
    ),
    HERE.attack(
        "impostor_meets_newcomer",
        "冒充县节点接听新加入的节点, 想骗取它对邀请的使用",
        "answers a newcomer in the place of the node that its invite names, to be shown the use of the invite",
        Outcome::Ended("wrong key"),
        Off(Check::ExpectedKey),
        |_| {
            quickly(async {
                let impostor = Endpoint::bind(open(), key(3)).unwrap();
                let school = Endpoint::bind(Config::new(|_| true), key(2)).unwrap();
                match school.connect(impostor.local_addr().unwrap(), Some(public(1))).await {
                    Err(ConnectError::WrongKey { .. }) => Outcome::Ended("wrong key"),
                    Ok(_) => Outcome::GotThrough,
                    Err(other) => panic!("{other:?}"),
                }
            })
        },
    ),
    HERE.attack(
        "connections_opened_and_left",
        "从一个地址连上后放着不管, 一连再连",
        "opens connections from one address and leaves them, thousands of them",
        Outcome::Ended("busy"),
        Off(Check::AddressShare),
        |bench| quickly(opened_and_left(bench)),
    ),
    HERE.attack(
        "half_open_handshakes",
        "握手后一言不发, 占住所有名额",
        "finishes handshakes and never speaks, until no place is left",
        Outcome::NoEffect,
        Off(Check::SpeaksInTime),
        |_| quickly(half_open()),
    ),
    HERE.attack(
        "announces_a_long_frame",
        "宣称要发 1 MiB 以上的帧",
        "announces a frame of more than 1 MiB",
        Outcome::Malformed,
        Off(Check::AnnouncedLength),
        |_| {
            let mut decoder = Decoder::new(1 << 20);
            let mut wire: &[u8] = &[0x81, 0x80, 0x40];
            if decoder.feed(&mut wire).is_err() { Outcome::Malformed } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "slow_reader",
        "索取大量数据却从不读取",
        "asks for much and never reads",
        Outcome::NoEffect,
        Off(Check::Window),
        |_| {
            quickly(async {
                let (county, school) = ends(open());
                let (_near, mut far) = join(&school, &county).await.unwrap();
                // What the line, both windows and nothing else hold.
                let frame = vec![7; 64 * 1024];
                let mut sent = 0;
                let idle = Duration::from_millis(300);
                while sent < 8 << 20 {
                    match tokio::time::timeout(idle, far.sender.send(&frame)).await {
                        Ok(result) => result.unwrap(),
                        Err(_) => return Outcome::NoEffect,
                    }
                    sent += frame.len();
                }
                Outcome::GotThrough
            })
        },
    ),
    HERE.attack(
        "garbage_at_the_port",
        "向端口灌入乱码数据报",
        "floods the port with datagrams of garbage",
        Outcome::NoEffect,
        Nothing("QUIC drops what it cannot decrypt; the test shows that nothing is held back by it"),
        |_| {
            quickly(async {
                let (county, school) = ends(open());
                let addr = county.local_addr().unwrap();
                let socket = UdpSocket::bind(loopback()).unwrap();
                let mut x = 1_u32;
                for n in 0..5_000_usize {
                    x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let mut datagram = vec![(x >> 24) as u8; n % 1_400];
                    if n % 2 == 0 {
                        // The start of a real first datagram, then noise.
                        datagram = [&[0xc0, 0, 0, 0, 1, 8], vec![(x >> 16) as u8; 1_194].as_slice()].concat();
                    }
                    let _ = socket.send_to(&datagram, addr);
                }
                if join(&school, &county).await.is_ok() { Outcome::NoEffect } else { Outcome::GotThrough }
            })
        },
    ),
];

fn key(n: u8) -> NodeKey {
    NodeKey::from_seed(&[n; 32])
}

fn public(n: u8) -> PublicKey {
    key(n).public()
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn open() -> Config {
    Config::new(|_| true).listening(loopback())
}

fn ends(config: Config) -> (Endpoint, Endpoint) {
    (Endpoint::bind(config, key(1)).unwrap(), Endpoint::bind(Config::new(|_| true), key(2)).unwrap())
}

/// All on this thread: so a check that is away is away on both ends.
fn quickly(attack: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, attack).await.expect("an attack hangs") })
}

async fn join(from: &Endpoint, to: &Endpoint) -> Result<(Connection, Connection), ConnectError> {
    let mut near = from.connect(to.local_addr().unwrap(), Some(to.key())).await?;
    near.sender.send(b"hi").await.unwrap();
    Ok((near, to.accept().await.unwrap()))
}

/// Strangers of one address, each with a key of its own, as long as they are let in; then the school behind the same address comes.
async fn strangers() -> Outcome {
    let county = Endpoint::bind(Config::new(|key| *key == public(2)).listening(loopback()), key(1)).unwrap();
    let mut held = Vec::new();
    for n in 0..u8::try_from(SHARE).unwrap() {
        let stranger = Endpoint::bind(Config::new(|_| true), key(100 + n)).unwrap();
        let mut near = stranger.connect(county.local_addr().unwrap(), Some(public(1))).await.unwrap();
        let _ = near.sender.send(b"let me in").await;
        tokio::select! {
            Some(far) = county.accept() => held.push((stranger, near, far)),
            why = near.handle.closed() => {
                let CloseReason::There { text, .. } = why else { panic!("{why:?}") };
                assert!(text.contains("does not know"), "{text}");
                break;
            }
        }
    }
    let school = Endpoint::bind(Config::new(|_| true), key(2)).unwrap();
    match join(&school, &county).await {
        Ok(_) if held.len() < SHARE => Outcome::Ended("no more places for strangers"),
        _ => Outcome::GotThrough,
    }
}

/// So many connections of one address, of which those that are let in are left open; then their machine goes, and an honest one comes. The machine is a process of its own: what is measured
/// is the node's memory, and not that of whoever floods it.
async fn opened_and_left(bench: &Bench) -> Outcome {
    let county = Endpoint::bind(open(), key(1)).unwrap();
    let (addr, wanted) = (county.local_addr().unwrap().to_string(), bench.connections.to_string());
    let mut thief = Command::new(&bench.thief);
    let mut thief =
        thief.args([THIEF, &addr, &wanted]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the thief runs");
    let mut said = BufReader::new(thief.stdout.take().unwrap());
    let (done, mut is_done) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        said.read_line(&mut line).map(|_| done.send(line)).ok();
    });
    let mut held = Vec::new();
    let line = loop {
        tokio::select! {
            Some(far) = county.accept() => held.push(far),
            line = &mut is_done => break line.expect("the thief says what came of it"),
        }
    };
    let counts: Vec<usize> = line.split_whitespace().map(|n| n.parse().unwrap()).collect();
    if counts[0] > SHARE {
        thief.kill().and_then(|()| thief.wait()).unwrap();
        return Outcome::GotThrough;
    }
    assert_eq!(counts, [SHARE, bench.connections - SHARE], "each is let in or refused");
    drop(thief.stdin.take());
    for far in held {
        far.handle.closed().await;
    }
    thief.wait().unwrap();
    let honest = Endpoint::bind(Config::new(|_| true), key(4)).unwrap();
    assert!(join(&honest, &county).await.is_ok(), "an honest node comes in again");
    Outcome::Ended("busy")
}

/// Says, to the program that runs an attack, to be the machine that floods: then come the address and how many connections.
pub const THIEF: &str = "--thief";

/// Opens connections and leaves them; prints how many were let in and how many refused, and goes when nobody listens any more.
///
/// # Panics
/// If the node cannot be dialled.
pub fn flood(addr: &str, connections: &str) {
    let (addr, connections): (SocketAddr, usize) = (addr.parse().unwrap(), connections.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let thief = Endpoint::bind(Config::new(|_| true), key(2)).unwrap();
        let (mut held, mut refused) = (Vec::new(), 0);
        for _ in 0..connections {
            match thief.connect(addr, Some(public(1))).await {
                Ok(mut near) => {
                    near.sender.send(b"hi").await.unwrap();
                    held.push(near);
                }
                Err(ConnectError::Busy { .. }) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
            if held.len() > SHARE {
                break;
            }
        }
        println!("{} {refused}", held.len());
        let gone = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        gone.await.unwrap().unwrap();
        thief.close().await;
    });
}

/// Every place among the handshakes is held by somebody silent; an honest node tries until it is in.
async fn half_open() -> Outcome {
    let mut config = open();
    (config.handshake_timeout_ms, config.handshakes_max) = (500, 4);
    let (county, thief) = ends(config);
    let addr = county.local_addr().unwrap();
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(thief.connect(addr, Some(county.key())).await.unwrap());
    }
    let honest = Endpoint::bind(Config::new(|_| true), key(4)).unwrap();
    assert!(honest.connect(addr, Some(county.key())).await.is_err(), "no place is left");
    let ended = async { futures_all(silent).await };
    match tokio::time::timeout(Duration::from_secs(5), ended).await {
        Ok(()) if join(&honest, &county).await.is_ok() => Outcome::NoEffect,
        _ => Outcome::GotThrough,
    }
}

/// Until all of them were sent away.
async fn futures_all(silent: Vec<Connection>) {
    for each in silent {
        each.handle.closed().await;
    }
}
