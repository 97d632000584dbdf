//! Honest nodes and their frames.

use std::time::Duration;

use super::*;
use crate::{RecvError, SendError, framing::FRAME_BYTES_MAX};

#[tokio::test]
async fn round_trip_with_proven_keys() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (mut near, mut far) = join(&school, &county, addr).await;
        assert_eq!(near.handle.remote(), public(1));
        assert_eq!(far.handle.remote(), public(2));
        assert_eq!(near.handle.remote_addr(), addr);
        far.sender.send(b"and you").await.unwrap();
        assert_eq!(near.receiver.recv().await, Ok(Some(b"and you".to_vec())));
        let stats = near.handle.stats();
        assert!(stats.sent_bytes >= 1_200 && stats.received_bytes >= 1_200);
        assert!(stats.rtt > Duration::ZERO);
        assert_eq!(near.handle.close_reason(), None);
    })
    .await;
}

#[tokio::test]
async fn frames_of_every_size_both_ways_at_once() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let sizes = [1, 127, 128, 1_200, 16_383, 16_384, 300_000, FRAME_BYTES_MAX];
        let frame = |n: usize, size: usize| -> Vec<u8> { (0..size).map(|i| (i * 7 + n) as u8).collect() };
        let send = async |connection: &mut crate::FrameSender| {
            for (n, size) in sizes.into_iter().enumerate() {
                connection.send(&frame(n, size)).await.unwrap();
            }
        };
        let receive = async |connection: &mut crate::FrameReceiver| {
            for (n, size) in sizes.into_iter().enumerate() {
                let got = connection.recv().await.unwrap().unwrap();
                assert!(got == frame(n, size), "frame {n} of {size}");
            }
        };
        tokio::join!(send(&mut near.sender), send(&mut far.sender), receive(&mut near.receiver), receive(&mut far.receiver));
    })
    .await;
}

#[tokio::test]
async fn many_frames_keep_their_order() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let frames: Vec<Vec<u8>> = (0..20_000_u32).map(|n| n.to_be_bytes().to_vec()).collect();
        let sending = async {
            for (at, part) in frames.chunks(100).enumerate() {
                if at % 2 == 0 {
                    near.sender.send_all(part).await.unwrap();
                } else {
                    for frame in part {
                        near.sender.send(frame).await.unwrap();
                    }
                }
            }
            near.sender.finish().await.unwrap();
        };
        let receiving = async {
            for frame in &frames {
                assert_eq!(far.receiver.recv().await.unwrap().as_ref(), Some(frame));
            }
            assert_eq!(far.receiver.recv().await, Ok(None));
            assert_eq!(far.receiver.recv().await, Ok(None), "and stays so");
        };
        tokio::join!(sending, receiving);
    })
    .await;
}

#[tokio::test]
async fn frames_that_may_not_be_sent_are_refused_and_harm_nothing() {
    soon(async {
        let mut config = open_config();
        config.frame_bytes_max = 100;
        let (county, addr) = listener(config.clone());
        config.listen = None;
        let school = Endpoint::bind(config, key(2)).unwrap();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let too_long = SendError::TooLong { bytes: 101, limit: 100 };
        assert_eq!(near.sender.send(&[]).await, Err(SendError::Empty));
        assert_eq!(near.sender.send(&[0; 101]).await, Err(too_long.clone()));
        assert_eq!(near.sender.send_all(&[vec![1], vec![0; 101]]).await, Err(too_long));
        near.sender.send_all(&[[0_u8; 1]; 0]).await.unwrap();
        near.sender.keep_alive().await.unwrap();
        near.sender.send(&[5; 100]).await.unwrap();
        assert_eq!(far.receiver.recv().await, Ok(Some(vec![5; 100])));
    })
    .await;
}

#[tokio::test]
async fn sending_waits_for_the_reader_and_an_abandoned_frame_is_seen_by_both() {
    soon(async {
        let mut config = open_config();
        config.window_bytes = 64 * 1024;
        let (county, addr) = listener(config.clone());
        config.listen = None;
        let school = Endpoint::bind(config, key(2)).unwrap();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let frame = vec![7; FRAME_BYTES_MAX];
        let sent = tokio::time::timeout(Duration::from_millis(300), near.sender.send(&frame)).await;
        assert!(sent.is_err(), "nobody reads, so the window must be full");
        assert_eq!(near.sender.send(b"x").await, Err(SendError::Abandoned));
        assert_eq!(near.sender.keep_alive().await, Err(SendError::Abandoned));
        drop(near.sender);
        assert_eq!(far.receiver.recv().await, Err(RecvError::CutShort));
        assert_eq!(near.handle.closed().await, crate::CloseReason::BadFrame);
    })
    .await;
}

#[tokio::test]
async fn receiving_may_be_given_up_and_begun_again() {
    soon(async {
        let (county, addr) = listener(open_config());
        let school = dialer();
        let (mut near, mut far) = join(&school, &county, addr).await;
        let frame = vec![3; 200_000];
        let sending = async { near.sender.send(&frame).await.unwrap() };
        let receiving = async {
            let mut given_up = 0;
            loop {
                tokio::select! {
                    biased;
                    got = far.receiver.recv() => {
                        assert!(got.unwrap().unwrap() == frame);
                        break;
                    }
                    () = tokio::task::yield_now() => given_up += 1,
                }
            }
            assert!(given_up > 0);
        };
        tokio::join!(sending, receiving);
    })
    .await;
}
