//! Bad lines.

use super::*;
use crate::{
    CloseReason, Congestion,
    relay::{Line, Relay},
};

async fn transfer(near: &mut Connection, far: &mut Connection, bytes: usize) {
    let frame: Vec<u8> = (0..bytes).map(|i| (i % 251) as u8).collect();
    let (sent, got) = tokio::join!(near.sender.send(&frame), far.receiver.recv());
    sent.unwrap();
    assert!(got.unwrap().unwrap() == frame);
}

#[tokio::test]
async fn every_congestion_control_gets_through_a_losing_line() {
    for congestion in [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr] {
        soon(async {
            let mut config = open_config();
            config.congestion = congestion;
            let (county, addr) = listener(config.clone());
            config.listen = None;
            let school = Endpoint::bind(config, key(2)).unwrap();
            let line = Line { seed: 7, loss_per_mille: 50, delay_ms: 2 };
            let relay = Relay::start(addr, line).await.unwrap();
            let (mut near, mut far) = join(&school, &county, relay.addr()).await;
            transfer(&mut near, &mut far, 300_000).await;
            transfer(&mut far, &mut near, 300_000).await;
            let counts = relay.counts();
            assert!(counts.dropped_datagrams > 5, "{counts:?}");
            assert!(near.handle.stats().lost_datagrams + far.handle.stats().lost_datagrams > 0);
        })
        .await;
    }
}

#[tokio::test]
async fn a_cut_line_ends_both_sides_when_idle() {
    soon(async {
        let mut config = open_config();
        config.idle_timeout_ms = 400;
        let (county, addr) = listener(config);
        let school = dialer();
        let relay = Relay::start(addr, Line::default()).await.unwrap();
        let (mut near, far) = join(&school, &county, relay.addr()).await;
        relay.cut();
        near.sender.send(b"into the void").await.unwrap();
        let ends = tokio::join!(near.handle.closed(), far.handle.closed());
        assert_eq!(ends, (CloseReason::Idle, CloseReason::Idle));
        relay.restore();
        join(&school, &county, relay.addr()).await;
    })
    .await;
}

#[tokio::test]
async fn a_short_cut_is_survived() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let relay = Relay::start(addr, Line::default()).await.unwrap();
        let (mut near, mut far) = join(&school, &county, relay.addr()).await;
        relay.cut_after(relay.counts().bytes() + 20_000);
        let frame = vec![1; 100_000];
        let (sent, got, _) = tokio::join!(near.sender.send(&frame), far.receiver.recv(), async {
            relay.until(|counts| counts.dropped_datagrams > 3).await;
            relay.restore();
        });
        sent.unwrap();
        assert!(got.unwrap().unwrap() == frame);
    })
    .await;
}

#[tokio::test]
async fn a_connection_moves_with_the_dialers_address() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let relay = Relay::start(addr, Line::default()).await.unwrap();
        let (mut near, mut far) = join(&school, &county, relay.addr()).await;
        let before = far.handle.remote_addr();
        relay.rebind();
        near.sender.send(b"from elsewhere").await.unwrap();
        assert_eq!(far.receiver.recv().await, Ok(Some(b"from elsewhere".to_vec())));
        far.sender.send(b"found you").await.unwrap();
        assert_eq!(near.receiver.recv().await, Ok(Some(b"found you".to_vec())));
        assert_ne!(far.handle.remote_addr(), before);
        assert_eq!(far.handle.close_reason(), None);
    })
    .await;
}

#[tokio::test]
async fn keep_alives_hold_a_connection_that_would_be_idle() {
    soon(async {
        let mut config = open_config();
        config.idle_timeout_ms = 300;
        let (county, addr) = listener(config);
        let school = dialer();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..8 {
            ticks.tick().await;
            near.sender.keep_alive().await.unwrap();
        }
        near.sender.send(b"still here").await.unwrap();
        assert_eq!(far.receiver.recv().await, Ok(Some(b"still here".to_vec())));
        assert_eq!(far.handle.closed().await, CloseReason::Idle, "and then it lets go");
    })
    .await;
}

#[tokio::test]
async fn a_restarted_listener_is_noticed() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let relay = Relay::start(addr, Line::default()).await.unwrap();
        let (mut near, far) = join(&school, &county, relay.addr()).await;
        relay.cut();
        drop(far);
        county.close().await;
        drop(county);
        let config = Config::new(|_| true).listening(addr);
        let again = loop {
            // The old socket goes when its last task does.
            match Endpoint::bind(config.clone(), key(1)) {
                Ok(endpoint) => break endpoint,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        relay.restore();
        near.sender.send(b"anyone?").await.unwrap();
        let ended = near.handle.closed().await;
        assert_eq!(ended, CloseReason::Restarted);
        join(&school, &again, relay.addr()).await;
    })
    .await;
}
