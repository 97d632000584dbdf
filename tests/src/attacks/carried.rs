//! Bundles: who finds the stick, who changes what is on it, who writes it.

use taizhang_core::{
    id::{DocId, Kind, PublicKey},
    key::SecretKey,
    planted::Check,
    units::Ms,
};
use taizhang_node::bundle::{CHUNK_BYTES, Flaw, Opener, Sealer};
use taizhang_sync::{Event, Input, SessionId, frame::Frame, limits};

use super::{Attack, Outcome, Removal::Off, Theme};
use crate::{
    carry::{Side, all},
    mutate::network::{DAY, Network, key, secret},
};

const HERE: Theme = Theme::Bundles;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "stick_found",
        "拾到 U 盘, 用自己的节点打开学校给县里的数据包",
        "finds the stick and opens a school's bundle for the county on a node of his own",
        Outcome::Ended("for another node"),
        Off(Check::BundleSecret),
        |_| opened(&file(&[b"a frame".to_vec()]), &secret("thief")),
    ),
    HERE.attack(
        "bundle_under_another_name",
        "自己封好一个数据包, 写上学校的节点",
        "seals a bundle of his own and writes the school's node on it",
        Outcome::Ended("not signed by its writer"),
        Off(Check::BundleSender),
        |_| {
            let thief = secret("thief");
            let sign = |message: &[u8]| thief.sign(message);
            let (from, to) = ((key("school-node"), &sign as _), key("county-node"));
            let sealer = Sealer::signed(Vec::new(), network_id(), from, to, now(), [9; 32]).unwrap();
            opened(&sealer.finish().unwrap(), &secret("county-node"))
        },
    ),
    HERE.attack(
        "bundle_put_together_anew",
        "调换数据包中两段的位置",
        "swaps two parts of a bundle",
        Outcome::Ended("does not open"),
        Off(Check::BundleOrder),
        |_| {
            let mut file = file(&large());
            let at = |n: usize| file.len() - (4 - n) * (CHUNK_BYTES + 16);
            let (second, third, fourth) = (at(1), at(2), at(3));
            let moved = file[second..third].to_vec();
            file.copy_within(third..fourth, second);
            file[third..fourth].copy_from_slice(&moved);
            opened(&file, &secret("county-node"))
        },
    ),
    HERE.attack(
        "bundle_cut_short",
        "截去数据包的末尾, 想让人当作完整的",
        "cuts off a bundle's end so that it is taken for whole",
        Outcome::Ended("its end is missing"),
        Off(Check::BundleEnd),
        |_| {
            let file = file(&large());
            opened(&file[..file.len() - CHUNK_BYTES - 16], &secret("county-node"))
        },
    ),
    HERE.attack(
        "long_frame_in_a_bundle",
        "在数据包里放入超过 1 MiB 的帧",
        "puts a frame of more than 1 MiB into a bundle",
        Outcome::Malformed,
        Off(Check::BundleFrameLength),
        |_| opened(&file(&[vec![7; limits::FRAME_BYTES_MAX + 1]]), &secret("county-node")),
    ),
    HERE.attack(
        "bundle_of_an_uncertified_node",
        "用未获认证的节点写出数据包, 带来真条目",
        "writes a bundle with a node that nobody certified, true entries in it",
        Outcome::Ended("this node's key is not certified in our registry"),
        Off(Check::BundleCertified),
        |_| {
            let network = Network::found();
            let frames = county(&network).write("school-node");
            stored(school(&network), "thief", &frames)
        },
    ),
    HERE.attack(
        "live_frames_in_a_bundle",
        "在数据包里夹带在线会话的帧, 让节点以为对方已连上并一致",
        "puts a live session's frames into a bundle, so that the node believes the other connected and equal",
        Outcome::Ended("a frame that has no place in a bundle, or not there"),
        Off(Check::BundleFrames),
        |_| {
            let network = Network::found();
            let mut s = school(&network);
            let mut frames = county(&network).write("school-node");
            frames.truncate(1);
            frames.push(Frame::Root { digest: root_of(&mut s), reply: false }.encode());
            let ended = s.take("county-node", &frames);
            if s.events.iter().any(|e| matches!(e, Event::InSync { .. })) {
                return Outcome::GotThrough;
            }
            ended.map_or_else(Outcome::Ended, |()| panic!("neither"))
        },
    ),
    HERE.attack(
        "bundle_with_a_foreign_document",
        "把别校的花名册放进给本校的数据包, 强塞给学校",
        "puts another school's roster into a school's bundle, to make it hold that",
        Outcome::Refused(5),
        Off(Check::MayHold),
        |_| {
            let network = Network::found();
            let frames = county(&network).write("city-node");
            let mut s = school(&network);
            s.take("county-node", &frames).unwrap();
            let other = network.ledger.registry.by_code("3301020002").unwrap();
            if s.documents().contains(&DocId::of(other, Kind::Roster)) {
                return Outcome::GotThrough;
            }
            let refused = s.events.iter().find_map(|e| match e {
                Event::RefusedHere { reason, .. } => Some(Outcome::Refused(reason.code())),
                _ => None,
            });
            refused.unwrap()
        },
    ),
    HERE.attack(
        "bundle_replayed",
        "把读过的数据包再读一遍, 让条目存两次",
        "has a bundle read once more, so that its entries are stored twice",
        Outcome::NoEffect,
        Off(Check::StoredOnce),
        |_| {
            let network = Network::found();
            let frames = county(&network).write("school-node");
            let mut s = school(&network);
            s.take("county-node", &frames).unwrap();
            match stored(s, "county-node", &frames) {
                Outcome::GotThrough => Outcome::GotThrough,
                _ => Outcome::NoEffect,
            }
        },
    ),
    HERE.attack(
        "bundle_for_a_stranger",
        "请人写一个给自己节点的数据包, 而它未获认证",
        "has somebody write a bundle for a node of his own that nobody certified",
        Outcome::NoEffect,
        Off(Check::Strangers),
        |_| {
            let network = Network::found();
            let frames = county(&network).write("thief");
            let tells = |f: &Vec<u8>| !matches!(Frame::decode(f), Ok(Some(Frame::Hello { .. } | Frame::Compared)));
            if frames.iter().any(tells) { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "bundle_full_of_tips",
        "在数据包里报几十万条不存在的末条, 占满内存",
        "tells hundreds of thousands of tips that are nowhere, to fill the memory",
        Outcome::Ended("a bundle with too many tips"),
        Off(Check::BundleTips),
        |_| {
            let network = Network::found();
            let mut s = school(&network);
            let session = s.read("county-node", &county(&network).write("school-node")[..1]).unwrap();
            let document = DocId::of(network.county, Kind::Registry);
            let tips = (0..1024).map(rogue_tip).collect();
            let bytes = Frame::SomeTips { document, tips }.encode();
            for _ in 0..=limits::BUNDLE_TIPS_MAX / 1024 {
                if let (_, Some(why)) = s.input(Input::Frame { session, bytes: bytes.clone() }) {
                    return Outcome::Ended(why);
                }
            }
            Outcome::GotThrough
        },
    ),
];

fn network_id() -> taizhang_core::id::NetworkId {
    taizhang_core::id::NetworkId([3; 32])
}

fn now() -> Ms {
    Ms::start_of(DAY)
}

/// The school's bundle for the county.
fn file(frames: &[Vec<u8>]) -> Vec<u8> {
    let (from, to) = (secret("school-node"), key("county-node"));
    let mut sealer = Sealer::new(Vec::new(), network_id(), &from, to, now(), [9; 32]).unwrap();
    frames.iter().for_each(|f| sealer.frame(f).unwrap());
    sealer.finish().unwrap()
}

/// Four full chunks: frames that end where chunks end, behind the writer's 104 bytes.
fn large() -> Vec<Vec<u8>> {
    [CHUNK_BYTES - 104, CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES].map(|n| vec![7; n - 4]).to_vec()
}

fn opened(file: &[u8], by: &SecretKey) -> Outcome {
    let read = || -> Result<(), Flaw> {
        let mut opener = Opener::new(file, network_id(), by)?;
        while opener.next_frame()?.is_some() {}
        Ok(())
    };
    match read() {
        Ok(()) => Outcome::GotThrough,
        Err(Flaw::Receiver(_)) => Outcome::Ended("for another node"),
        Err(Flaw::Sender) => Outcome::Ended("not signed by its writer"),
        Err(Flaw::Changed(_)) => Outcome::Ended("does not open"),
        Err(Flaw::Short) => Outcome::Ended("its end is missing"),
        Err(Flaw::Inside) => Outcome::Malformed,
        Err(other) => panic!("{other}"),
    }
}

fn county(network: &Network) -> Side {
    Side::new(network, "county-node", network.county, &mut |_| true)
}

/// It has heard who is who, and nothing else.
fn school(network: &Network) -> Side {
    let org = network.ledger.registry.by_code("3301020001").unwrap();
    Side::new(network, "school-node", org, &mut |e| e.header.log.document.kind == Kind::Registry)
}

/// The attack was to have something stored.
fn stored(mut side: Side, from: &str, frames: &[Vec<u8>]) -> Outcome {
    side.events.clear();
    let ended = side.take(from, frames);
    if side.events.iter().any(|e| matches!(e, Event::Stored { .. })) {
        return Outcome::GotThrough;
    }
    ended.map_or_else(Outcome::Ended, |()| Outcome::NoEffect)
}

/// The root that it would tell the county: whoever has the same documents knows it.
fn root_of(side: &mut Side) -> [u8; 16] {
    let session = SessionId(77);
    side.input(Input::Connected { session, remote: key("county-node"), dialer: true });
    let org = side.hub.ledger().registry.by_code("330102").unwrap();
    let network = side.hub.ledger().network;
    let hello = Frame::Hello { version: taizhang_sync::frame::VERSION, network, org, wants: all(), join: None };
    let (said, _) = side.input(Input::Frame { session, bytes: hello.encode() });
    side.input(Input::Closed { session });
    side.events.clear();
    let root = said.iter().find_map(|f| match Frame::decode(f) {
        Ok(Some(Frame::Root { digest, .. })) => Some(digest),
        _ => None,
    });
    root.unwrap()
}

fn rogue_tip(n: u32) -> taizhang_sync::frame::Tip {
    let id = [n.to_be_bytes(); 8].concat().try_into().unwrap();
    let run = taizhang_core::id::Run([1; 8]);
    taizhang_sync::frame::Tip { key: PublicKey([2; 32]), run, height: 1, id: taizhang_core::id::EntryId(id), hints: Vec::new() }
}
