//! What a connection costs, in UDP payload bytes both ways, counted by the relay. `--nocapture` prints the table.
//!
//! Measured, in bytes (hello: 150 B each way; row = what is changed):
//!
//! | | connect + hello + close | stay, with what follows | 60 B ⇄ 60 B | 1 MB, 20 ms |
//! |---|---:|---:|---:|---:|
//! | as it is | 4,082 | 4,052 | 211, in a row 184 | 1,025,977 |
//! | quinn's 8-byte connection ids | 4,407 | 4,401 | 229, in a row 197 | 1,031,196 |
//! | path-MTU discovery on | 8,149 | 15,374 | 211 | 1,021,570 |
//! | session tickets on | 4,248 | 4,220 | 211 | – |
//! | no acknowledgement-frequency frames | 4,103 | 4,042 | 211–231 | 1,026,482 |
//! | 1452-byte datagrams | 4,082 | 4,054 | 211 | 1,021,473 |
//!
//! 3,600 of a handshake are three datagrams that QUIC pads to 1,200. After a silence an exchange cannot go below 211
//! with quinn: the request repeats an old acknowledgement (8) and the reply's acknowledgement travels alone (27).

use super::*;
use crate::relay::{Counts, Line, Relay, Way};

/// Longer than any delayed acknowledgement or probe on loopback.
const SILENCE: Duration = Duration::from_millis(400);

fn print(what: &str, counts: &Counts, sizes: &[(Way, usize)]) {
    let sizes: Vec<String> = sizes
        .iter()
        .map(|(way, bytes)| match way {
            Way::Up => format!(">{bytes}"),
            Way::Down => format!("<{bytes}"),
        })
        .collect();
    let shown = if sizes.len() > 24 { String::from("…") } else { sizes.join(" ") };
    println!(
        "{what:<44} {:>8} {:>6} up {:>8} down {:>8}  {shown}",
        counts.bytes(),
        counts.up_datagrams + counts.down_datagrams,
        counts.up_bytes,
        counts.down_bytes,
    );
}

/// 60 bytes there and 60 bytes back.
async fn exchange(near: &mut Connection, far: &mut Connection) {
    near.sender.send(&[3; 60]).await.unwrap();
    far.receiver.recv().await.unwrap().unwrap();
    far.sender.send(&[4; 60]).await.unwrap();
    near.receiver.recv().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_with_nothing_to_do_and_small_frames_cost_little() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let relay = Relay::start(addr, Line::default()).await.unwrap();
        relay.note_sizes();

        let mut near = school.connect(relay.addr(), Some(public(1))).await.unwrap();
        near.sender.send(&[1; 150]).await.unwrap();
        let mut far = county.accept().await.unwrap();
        far.receiver.recv().await.unwrap().unwrap();
        far.sender.send(&[2; 150]).await.unwrap();
        near.receiver.recv().await.unwrap().unwrap();
        near.handle.close(0, "");
        far.handle.closed().await;
        let short = relay.until_quiet(SILENCE).await;
        print("connect, hello 150 B each way, close at once", &short, &relay.take_sizes());
        assert!(short.bytes() <= 4_800, "{short:?}");

        let mut near = school.connect(relay.addr(), Some(public(1))).await.unwrap();
        near.sender.send(&[1; 150]).await.unwrap();
        let mut far = county.accept().await.unwrap();
        far.receiver.recv().await.unwrap().unwrap();
        far.sender.send(&[2; 150]).await.unwrap();
        near.receiver.recv().await.unwrap().unwrap();
        let idle = relay.until_quiet(SILENCE).await;
        print("connect, hello 150 B each way, stay", &idle.since(&short), &relay.take_sizes());
        assert!(idle.since(&short).bytes() <= 4_700, "{idle:?}");

        let mut before = idle;
        let cheapest = |what: &str, before: &mut Counts, now: Counts, best: &mut u64| {
            let cost = now.since(before);
            print(what, &cost, &relay.take_sizes());
            *best = cost.bytes().min(*best);
            *before = now;
            cost.bytes()
        };
        // A machine that stalls for 25 ms sends acknowledgements alone (25 B) and probes (30 B): so a bound for the cheapest, and one for any.
        let (mut alone, mut in_a_row) = (u64::MAX, u64::MAX);
        for _ in 0..4 {
            exchange(&mut near, &mut far).await;
            let now = relay.until_quiet(SILENCE).await;
            let cost = cheapest("60 B answered by 60 B", &mut before, now, &mut alone);
            assert!(cost <= 400, "{cost}");
        }
        for _ in 0..4 {
            for _ in 0..10 {
                exchange(&mut near, &mut far).await;
            }
            let now = relay.until_quiet(SILENCE).await;
            let cost = cheapest("10 times in a row", &mut before, now, &mut in_a_row);
            assert!(cost <= 4_000, "{cost}");
        }
        assert!(alone <= 215, "{alone}");
        assert!(in_a_row <= 2_000, "{in_a_row}");

        near.sender.keep_alive().await.unwrap();
        let alive = relay.until_quiet(SILENCE).await;
        print("keep-alive", &alive.since(&before), &relay.take_sizes());
        assert!(alive.since(&before).bytes() <= 200, "{alive:?}");

        near.sender.send_all(&[[5; 60], [6; 60], [7; 60]]).await.unwrap();
        for _ in 0..3 {
            far.receiver.recv().await.unwrap().unwrap();
        }
        let three = relay.until_quiet(SILENCE).await;
        print("3 x 60 B in one call", &three.since(&alive), &relay.take_sizes());
        assert!(three.since(&alive).bytes() <= 450, "{three:?}");

        near.handle.close(3, "bye");
        far.handle.closed().await;
        let closed = relay.until_quiet(SILENCE).await;
        print("close with a code and 3 letters", &closed.since(&three), &relay.take_sizes());
        assert!(closed.since(&three).bytes() <= 250, "{closed:?}");
    })
    .await;
}

#[tokio::test]
async fn a_long_transfer_costs_little_more_than_its_bytes() {
    soon(async {
        const BYTES: u64 = 1_000_000;
        for (delay_ms, name) in [(0, "1 MB up, loopback"), (20, "1 MB up, 20 ms one way")] {
            let (county, addr) = listener(open_config());
            let school = dialer();
            let line = Line { delay_ms, ..Line::default() };
            let relay = Relay::start(addr, line).await.unwrap();
            let (mut near, mut far) = join(&school, &county, relay.addr()).await;
            let before = relay.until_quiet(SILENCE).await;
            relay.note_sizes();
            let frame = vec![1; BYTES as usize];
            let (sent, got) = tokio::join!(near.sender.send(&frame), far.receiver.recv());
            sent.unwrap();
            assert_eq!(got.unwrap().unwrap().len(), frame.len());
            let cost = relay.until_quiet(SILENCE).await.since(&before);
            print(name, &cost, &relay.take_sizes());
            assert!(cost.up_bytes < BYTES * 103 / 100, "{cost:?}");
            assert!(cost.down_bytes < BYTES / 100, "{cost:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_endpoints_count_what_the_relay_counts() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let relay = Relay::start(addr, Line::default()).await.unwrap();
        let (mut near, mut far) = join(&school, &county, relay.addr()).await;
        near.sender.send(&[1; 100_000]).await.unwrap();
        far.receiver.recv().await.unwrap().unwrap();
        let counts = relay.until_quiet(SILENCE).await;
        let (up, down) = (school.traffic(), county.traffic());
        assert_eq!((up.sent_bytes, up.sent_datagrams), (counts.up_bytes, counts.up_datagrams));
        assert_eq!((down.sent_bytes, down.sent_datagrams), (counts.down_bytes, counts.down_datagrams));
        assert_eq!((up.received_bytes, up.received_datagrams), (counts.down_bytes, counts.down_datagrams));
        assert_eq!((down.received_bytes, down.received_datagrams), (counts.up_bytes, counts.up_datagrams));
    })
    .await;
}
