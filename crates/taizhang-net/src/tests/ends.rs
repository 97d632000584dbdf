//! How connections end, and how many there may be.

use super::*;
use crate::{BindError, CloseReason, ConnectError, RecvError};

#[tokio::test]
async fn reasons_reach_the_other_side() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let long = "x".repeat(1_000);
        for (code, text, expected) in
            [(0, "", ""), (7, "enough", "enough"), (u32::MAX, "a\nb\u{1b}[31m", "ab[31m"), (1, long.as_str(), &long[..200])]
        {
            let there = CloseReason::There { code, text: expected.into() };
            let (near, mut far) = join(&school, &county, addr).await;
            near.handle.close(code, text);
            near.handle.close(99, "only the first counts");
            assert_eq!(far.receiver.recv().await, Err(RecvError::Closed(there.clone())));
            assert_eq!(far.handle.closed().await, there);
            assert_eq!(near.handle.closed().await, CloseReason::Here);
            assert_eq!(near.handle.close_reason(), Some(CloseReason::Here));
        }
        let (near, far) = join(&school, &county, addr).await;
        drop(far);
        assert_eq!(near.handle.closed().await, CloseReason::Dropped);
    })
    .await;
}

#[tokio::test]
async fn a_closed_endpoint_tells_everyone_and_takes_no_more() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (near, far) = join(&school, &county, addr).await;
        let (near2, far2) = join(&school, &county, addr).await;
        county.close().await;
        for handle in [&near.handle, &near2.handle] {
            assert_eq!(handle.closed().await, CloseReason::ShuttingDown);
        }
        for handle in [&far.handle, &far2.handle] {
            assert_eq!(handle.closed().await, CloseReason::Here);
        }
        assert!(county.accept().await.is_none());
        let error = county.connect(addr, None).await.unwrap_err();
        assert!(matches!(error, ConnectError::Closed), "{error:?}");
        assert!(school.accept().await.is_none(), "it does not listen");
        assert_eq!(school.local_addr(), None);
        school.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_dialer_that_goes_tells_the_listener() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (_near, far) = join(&school, &county, addr).await;
        school.close().await;
        assert_eq!(far.handle.closed().await, CloseReason::ShuttingDown);
    })
    .await;
}

#[tokio::test]
async fn addresses_that_do_not_answer() {
    soon(async {
        let mut config = Config::new(|_| true);
        config.connect_timeout_ms = 200;
        let school = Endpoint::bind(config, key(2)).unwrap();
        let silent = std::net::UdpSocket::bind(loopback()).unwrap();
        let error = school.connect(silent.local_addr().unwrap(), None).await.unwrap_err();
        assert!(matches!(error, ConnectError::NoAnswer { waited_ms: 200, .. }), "{error:?}");
        for addr in ["127.0.0.1:0", "0.0.0.0:5", "[::]:5"] {
            let error = school.connect(addr.parse().unwrap(), None).await.unwrap_err();
            assert!(matches!(error, ConnectError::BadAddress { .. } | ConnectError::Socket { .. }), "{addr}: {error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_taken_cannot_be_bound() {
    let (_county, addr) = listener(open_config());
    let error = Endpoint::bind(Config::new(|_| true).listening(addr), key(2)).unwrap_err();
    assert!(matches!(error, BindError::Socket { addr: at, .. } if at == addr), "{error:?}");
}

#[test]
fn an_endpoint_needs_a_runtime() {
    let error = Endpoint::bind(open_config(), key(1)).unwrap_err();
    assert!(matches!(error, BindError::NoRuntime));
}

#[tokio::test]
async fn two_hundred_connections_come_and_go_through_four_places() {
    soon(async {
        let mut config = open_config();
        config.connections_max = 4;
        let (county, addr) = listener(config);
        let school = dialer();
        for n in 0..200 {
            let (near, far) = join(&school, &county, addr).await;
            if n % 2 == 0 {
                drop(near);
                assert_eq!(far.handle.closed().await, CloseReason::Dropped);
            } else {
                drop(far);
                assert_eq!(near.handle.closed().await, CloseReason::Dropped);
            }
        }
        let traffic = county.traffic();
        assert!(traffic.received_bytes > 200 * 1_200 && traffic.sent_bytes > 200 * 1_200);
        assert!(traffic.received_datagrams > 400 && traffic.sent_datagrams > 400);
    })
    .await;
}

#[tokio::test]
async fn two_hundred_connections_at_once_and_then_left() {
    soon(async {
        let mut config = open_config();
        config.connections_per_address_max = 200;
        let (county, addr) = listener(config);
        let school = dialer();
        let mut open = Vec::new();
        for _ in 0..200 {
            open.push(join(&school, &county, addr).await);
        }
        let error = school.connect(addr, None).await.unwrap_err();
        assert!(matches!(error, ConnectError::Busy { .. }), "{error:?}");
        for (near, far) in &mut open {
            far.sender.send(b"both").await.unwrap();
            assert_eq!(near.receiver.recv().await, Ok(Some(b"both".to_vec())));
        }
        school.close().await;
        for (_, far) in open {
            assert_eq!(far.handle.closed().await, CloseReason::ShuttingDown);
        }
        join(&dialer(), &county, addr).await;
    })
    .await;
}

#[tokio::test]
async fn one_address_has_its_share() {
    soon(async {
        let mut config = open_config();
        config.connections_per_address_max = 1;
        let (county, addr) = listener(config);
        let school = dialer();
        let (near, far) = join(&school, &county, addr).await;
        let error = school.connect(addr, None).await.unwrap_err();
        assert!(matches!(error, ConnectError::Busy { .. }), "{error:?}");
        drop(far);
        near.handle.closed().await;
        join(&school, &county, addr).await;
    })
    .await;
}

#[tokio::test]
async fn under_load_an_address_proves_itself_and_the_rest_is_refused() {
    soon(async {
        let mut config = open_config();
        config.handshakes_max = 2;
        let (county, addr) = listener(config);
        // Two that connect and do not speak hold both places; the second one had to prove its address.
        let (_one, first) = raw_dial(addr, tls::ALPN).await;
        let first = first.unwrap();
        let (_two, second) = raw_dial(addr, tls::ALPN).await;
        let second = second.unwrap();
        assert_eq!(first.stats().udp_rx.datagrams.min(2), 2);
        let error = dialer().connect(addr, None).await.unwrap_err();
        assert!(matches!(error, ConnectError::Busy { .. }), "{error:?}");
        first.close(quinn::VarInt::from_u32(64), b"");
        second.close(quinn::VarInt::from_u32(64), b"");
        _one.wait_idle().await;
        _two.wait_idle().await;
        join(&dialer(), &county, addr).await;
    })
    .await;
}
