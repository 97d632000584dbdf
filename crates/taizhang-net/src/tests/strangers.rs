//! Those who are not let in, and those who do not speak properly.

use std::{
    net::UdpSocket,
    sync::atomic::{AtomicBool, Ordering},
};

use super::*;
use crate::{
    CloseReason, ConnectError, RecvError,
    error::Code,
    framing::{FRAME_BYTES_MAX, FrameError},
};

/// The code the other side closed with.
fn closed_with(error: &quinn::ConnectionError) -> Option<u64> {
    match error {
        quinn::ConnectionError::ApplicationClosed(close) => Some(close.error_code.into_inner()),
        _ => None,
    }
}

#[tokio::test]
async fn the_dialer_turns_away_from_a_wrong_key() {
    soon(async {
        let (county, addr) = listener(open_config());
        let error = dialer().connect(addr, Some(public(3))).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::WrongKey { expected, found, .. }
                if expected == public(3) && found == public(1)),
            "{error:?}"
        );
        let (_near, far) = join(&dialer(), &county, addr).await;
        assert_eq!(far.handle.remote(), public(2), "the refused never arrived");
    })
    .await;
}

/// Dials and says a word; gives what came of it: the far end, or why the near one closed.
async fn come(from: &Endpoint, to: &Endpoint, addr: SocketAddr) -> Result<(Connection, Connection), CloseReason> {
    let mut near = from.connect(addr, Some(to.key())).await.unwrap();
    // The refusal may already be here.
    let _ = near.sender.send(b"let me in").await;
    tokio::select! {
        Some(far) = to.accept() => Ok((near, far)),
        why = near.handle.closed() => Err(why),
    }
}

#[tokio::test]
async fn nodes_that_are_not_known_have_few_places_and_leave_the_others_to_those_that_are() {
    soon(async {
        for (all, of_address) in [(2, 9), (9, 2)] {
            let grown_up = Arc::new(AtomicBool::new(false));
            let knows = Arc::clone(&grown_up);
            let mut config = Config::new(move |key| *key == public(2) || (*key == public(3) && knows.load(Ordering::Relaxed)));
            (config.strangers_max, config.strangers_per_address_max) = (all, of_address);
            let (county, addr) = listener(config.listening(loopback()));
            let strangers: Vec<Endpoint> = (3..7).map(|n| Endpoint::bind(Config::new(|_| true), key(n)).unwrap()).collect();
            let first = come(&strangers[0], &county, addr).await.unwrap();
            let second = come(&strangers[1], &county, addr).await.unwrap();
            let refused = come(&strangers[2], &county, addr).await.unwrap_err();
            assert!(matches!(&refused, CloseReason::There { code: 0, text } if text.contains("does not know")), "{refused:?}");
            let (_near, far) = join(&dialer(), &county, addr).await;
            assert_eq!(far.handle.remote(), public(2), "who is known finds a place");
            // One of them became known: it takes no stranger's place any more.
            grown_up.store(true, Ordering::Relaxed);
            let third = come(&strangers[2], &county, addr).await.unwrap();
            come(&strangers[3], &county, addr).await.unwrap_err();
            drop((first, second, third));
        }
    })
    .await;
}

#[tokio::test]
async fn another_protocol_is_told_apart() {
    soon(async {
        let (_county, addr) = listener(open_config());
        for alpn in [b"tz/2".as_slice(), b"h3", b"tz/1 "] {
            let (_socket, connected) = raw_dial(addr, alpn).await;
            let error = ConnectError::from_handshake(addr, 1, connected.unwrap_err());
            assert!(matches!(error, ConnectError::OtherProtocol { .. }), "{error:?}");
        }
        let (_socket, connected) = raw_dial(addr, tls::ALPN).await;
        connected.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_client_without_a_key_gets_nowhere() {
    soon(async {
        let (county, addr) = listener(open_config());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = vec![tls::ALPN.to_vec()];
        let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
        let endpoint = quinn::Endpoint::client(loopback()).unwrap();
        let config = quinn::ClientConfig::new(Arc::new(crypto));
        let connected = endpoint.connect_with(config, addr, "x").unwrap().await;
        assert!(connected.is_err());
        join(&dialer(), &county, addr).await;
    })
    .await;
}

#[tokio::test]
async fn garbage_at_the_port_is_ignored() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let socket = UdpSocket::bind(loopback()).unwrap();
        let mut x = 1_u32;
        for n in 0..2_000_usize {
            let datagram: Vec<u8> = (0..n % 1_400)
                .map(|_| {
                    x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (x >> 24) as u8
                })
                .collect();
            socket.send_to(&datagram, addr).unwrap();
        }
        // The start of a real first datagram, then noise.
        let mut initial = vec![0xc0, 0, 0, 0, 1, 8];
        initial.resize(1_200, 0xa5);
        socket.send_to(&initial, addr).unwrap();
        near.sender.send(b"still here").await.unwrap();
        assert_eq!(far.receiver.recv().await, Ok(Some(b"still here".to_vec())));
        join(&dialer(), &county, addr).await;
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_frames_end_the_connection() {
    let too_long = FrameError::TooLong { declared: FRAME_BYTES_MAX + 1, limit: FRAME_BYTES_MAX };
    for (wire, error) in [
        (vec![0x81, 0x80, 0x40], too_long),
        (vec![0xff; 2_000], FrameError::BadLength),
        (vec![2, 7, 7, 0x80, 0x00], FrameError::BadLength),
    ] {
        soon(async {
            let (county, addr) = listener(open_config());
            let (_socket, connected) = raw_dial(addr, tls::ALPN).await;
            let raw = connected.unwrap();
            let (mut send, _recv) = raw.open_bi().await.unwrap();
            send.write_all(&wire).await.unwrap();
            let mut far = county.accept().await.unwrap();
            let ended = loop {
                match far.receiver.recv().await {
                    Ok(frame) => assert_eq!(frame, Some(vec![7, 7])),
                    Err(error) => break error,
                }
            };
            assert_eq!(ended, RecvError::BadFrame(error));
            assert_eq!(closed_with(&raw.closed().await), Some(Code::BadFrame as u64));
            assert!(far.sender.send(b"x").await.is_err());
        })
        .await;
    }
}

#[tokio::test]
async fn half_a_frame_is_no_frame() {
    soon(async {
        let (county, addr) = listener(open_config());
        for way in ["finish", "reset", "close"] {
            for wire in [&[0x80][..], &[100, 1, 2, 3]] {
                let (_socket, connected) = raw_dial(addr, tls::ALPN).await;
                let raw = connected.unwrap();
                let (mut send, _recv) = raw.open_bi().await.unwrap();
                send.write_all(&[1, 5]).await.unwrap();
                send.write_all(wire).await.unwrap();
                let mut far = county.accept().await.unwrap();
                assert_eq!(far.receiver.recv().await, Ok(Some(vec![5])));
                let expected = match way {
                    "finish" => {
                        send.finish().unwrap();
                        RecvError::CutShort
                    }
                    "reset" => {
                        send.reset(quinn::VarInt::from_u32(3)).unwrap();
                        RecvError::CutShort
                    }
                    _ => {
                        raw.close(quinn::VarInt::from_u32(64 + 5), b"bye");
                        RecvError::Closed(CloseReason::There { code: 5, text: "bye".into() })
                    }
                };
                assert_eq!(far.receiver.recv().await, Err(expected), "{way}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_never_speaks_is_sent_away() {
    soon(async {
        let mut config = open_config();
        config.handshake_timeout_ms = 300;
        config.handshakes_max = 1;
        let (county, addr) = listener(config);
        let (_socket, connected) = raw_dial(addr, tls::ALPN).await;
        let raw = connected.unwrap();
        let _streams = raw.open_bi().await.unwrap();
        assert_eq!(closed_with(&raw.closed().await), Some(Code::Silent as u64));
        let (_near, far) = join(&dialer(), &county, addr).await;
        assert_eq!(far.handle.remote(), public(2), "its place is free again");
    })
    .await;
}

#[tokio::test]
async fn a_peer_gets_one_stream() {
    soon(async {
        let (county, addr) = listener(open_config());
        let (_socket, connected) = raw_dial(addr, tls::ALPN).await;
        let raw = connected.unwrap();
        let (mut send, _recv) = raw.open_bi().await.unwrap();
        send.write_all(&[1, 5]).await.unwrap();
        let _far = county.accept().await.unwrap();
        let more = async {
            tokio::select! {
                _ = raw.open_bi() => "bidirectional",
                _ = raw.open_uni() => "unidirectional",
            }
        };
        let waited = tokio::time::timeout(Duration::from_millis(200), more).await;
        assert!(waited.is_err(), "{waited:?}");
    })
    .await;
}
