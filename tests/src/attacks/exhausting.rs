//! Sizes, counts and time: every queue, frame and list has a limit.

use taizhang_core::{
    entry::{Before, Header, SignedEntry},
    founding::NewGrant,
    id::{DocId, EntryId, Kind, LogId, Run},
    op::{PayloadBuilder, RowName},
    planted::Check,
    rows::{Grant, Role, RowType},
    units::Ms,
};
use taizhang_sync::{
    Input,
    frame::{BatchFrame, Frame, Summary},
    limits,
};

use super::{
    Attack, Bench, Outcome,
    Removal::Off,
    Theme,
    wire::{Node, piece, signed},
};
use crate::mutate::network::{DAY, Network, key};

const HERE: Theme = Theme::Limits;

const UNREADABLE: Outcome = Outcome::Ended("a frame that this version cannot read");
/// Memory that no single input may take.
const INPUT_BYTES_MAX: usize = 4 << 20;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "oversized_frame",
        "超过 1 MiB 的帧",
        "a frame of more than 1 MiB",
        UNREADABLE,
        Off(Check::FrameLength),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            n.bytes(session, vec![0xff; limits::FRAME_BYTES_MAX + 1]).ended()
        },
    ),
    HERE.attack(
        "bomb",
        "压缩炸弹: 几 KB 解出 10 MB",
        "a compressed bomb: 10 MB in a few KB",
        Outcome::Ended("a batch that cannot be unpacked"),
        Off(Check::BatchOutput),
        |bench| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let packed = zstd::bulk::compress(&vec![0; 10 << 20], 1).unwrap();
            let frame = Frame::Batch(BatchFrame { fresh: true, last: true, signatures: Vec::new(), loose: Vec::new(), packed });
            let (done, peak) = measured(bench, || n.say(session, &frame));
            if peak > INPUT_BYTES_MAX { Outcome::GotThrough } else { done.ended() }
        },
    ),
    HERE.attack(
        "bomb_of_a_great_window",
        "压缩窗口声明得极大, 想让解压器占满内存",
        "a compressed stream that declares a window of 128 MiB",
        Outcome::Ended("a batch that cannot be unpacked"),
        Off(Check::BatchWindow),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            // Magic; no single segment; window 2^27; one raw last block of one byte.
            let packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x09, 0x00, 0x00, 0x00];
            let frame = Frame::Batch(BatchFrame { fresh: true, last: true, signatures: Vec::new(), loose: Vec::new(), packed });
            match n.say(session, &frame).ended() {
                refused @ Outcome::Ended("a batch that cannot be unpacked") => refused,
                _ => Outcome::GotThrough,
            }
        },
    ),
    HERE.attack(
        "too_many_summaries",
        "一帧里塞 300 段摘要",
        "a frame of 300 summaries",
        UNREADABLE,
        Off(Check::FrameCounts),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let one = Summary::Leaf { prefix: vec![0], documents: Vec::new() };
            n.say(session, &Frame::Summaries(vec![one; 300])).ended()
        },
    ),
    HERE.attack(
        "too_many_entries",
        "一批里塞 1,025 条",
        "a batch of 1,025 entries",
        UNREADABLE,
        Off(Check::BatchEntries),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let entries = n.write_all("clerk", 90, n.hours(n.school), 1025);
            let done = n.send(session, &entries);
            if done.stored.is_empty() { done.ended() } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "ten_thousand_sessions",
        "开 10,000 个会话后放着不管",
        "opens 10,000 sessions and leaves them",
        Outcome::Ended("this node has newer sessions"),
        Off(Check::SessionsOfNode),
        |_| {
            let mut n = Node::new();
            let honest = n.live("city-node", false);
            let ended: Vec<&str> = (0..10_000).flat_map(|_| n.arrive(key("school-node"), false).1.ended).collect();
            assert!(n.hub.sessions().any(|s| s.session == honest), "the honest session stays");
            match ended.first() {
                Some(why) if n.hub.sessions().count() <= 1 + limits::SESSIONS_OF_NODE_MAX => Outcome::Ended(why),
                _ => Outcome::GotThrough,
            }
        },
    ),
    HERE.attack(
        "sessions_of_three_hundred_nodes",
        "三百个获认证的节点各开四个会话, 占满全部名额",
        "three hundred certified nodes with four sessions each take all places",
        Outcome::Ended("too many sessions"),
        Off(Check::Sessions),
        |_| {
            let nodes: Vec<String> = (0..300).map(|i| format!("node {i}")).collect();
            let mut n = Node::after(|network, now| vec![certified(network, &nodes, now)]);
            let each = nodes.iter().flat_map(|node| [node; limits::SESSIONS_OF_NODE_MAX]);
            let ended: Vec<&str> = each.flat_map(|node| n.arrive(key(node), false).1.ended).collect();
            match ended.first() {
                Some(why) if n.hub.sessions().count() == limits::SESSIONS_MAX => Outcome::Ended(why),
                _ => Outcome::GotThrough,
            }
        },
    ),
    HERE.attack(
        "strangers_take_all_places",
        "上千个陌生节点占满名额, 让获认证的节点连不上",
        "a thousand strangers take all places, so that no node that is known finds one",
        Outcome::Ended("too many nodes that are not certified"),
        Off(Check::StrangersAtOnce),
        |_| {
            let mut n = Node::new();
            let ended: Vec<&str> = (0..1_100).flat_map(|i| n.arrive(key(&format!("stranger {i}")), false).1.ended).collect();
            let honest = n.arrive(key("school-node"), false).1.ended;
            if honest.is_empty() { Outcome::Ended(ended[0]) } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "never_greets",
        "连上几百个会话, 从不问候, 一直占着名额",
        "opens hundreds of sessions, never greets, and keeps their places",
        Outcome::Ended("no greeting in time"),
        Off(Check::GreetsInTime),
        |_| {
            let mut n = Node::new();
            let honest = n.live("city-node", false);
            (0..limits::STRANGERS_MAX).for_each(|i| _ = n.arrive(key(&format!("stranger {i}")), false));
            n.now.0 += limits::GREETING_MS_MAX;
            let ended = n.input(Input::Timeout).ended;
            assert!(n.hub.sessions().any(|s| s.session == honest), "the honest session stays");
            match ended.first() {
                Some(why) if n.hub.sessions().count() == 1 => Outcome::Ended(why),
                _ => Outcome::GotThrough,
            }
        },
    ),
    HERE.attack(
        "floods_to_end_anothers_session",
        "趁提交落盘时把等候区灌到只差一帧, 让别人的下一帧撑破它",
        "fills what may wait during a commit up to the last frame, so that another's next frame is the one too many",
        Outcome::NoEffect,
        Off(Check::InboxShare),
        |_| {
            let mut n = Node::new();
            let (flood, honest) = (n.live("school-node", true), n.live("city-node", false));
            n.commits = false;
            let entry = n.write("other-clerk", 90, n.hours(n.other));
            n.send(honest, &[entry]);
            let large = vec![0xff; limits::FRAME_BYTES_MAX];
            for _ in 0..limits::INBOX_BYTES_MAX / (large.len() + limits::INPUT_BYTES) {
                n.bytes(flood, large.clone());
            }
            n.bytes(honest, large);
            if n.hub.sessions().any(|s| s.session == honest) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "four_thousand_refused_logs",
        "不停地送会被拒的日志, 撑大被拒名单",
        "sends logs without end that are refused",
        Outcome::Ended("too many refused logs"),
        Off(Check::RefusedLogs),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let document = n.hours(n.school);
            let network = n.ledger().network;
            let junk = |i: u64| {
                let log = LogId { document, key: key("clerk"), run: Run(i.to_be_bytes()) };
                let grant = Some(RowName { entry: EntryId([9; 32]), index: 0 });
                let header = Header { log, sequence: 1, before: Before::Start { grant, link: None }, time: Ms(1) };
                SignedEntry::from_parts(header, vec![0x82, 1, 0x81, 0x84, 0, 0x18, 60, 0x80, 0x80], [0; 64], &network)
            };
            for round in 0..10_u64 {
                let logs: Vec<SignedEntry> = (0..500).map(|i| junk(round * 500 + i)).collect();
                if let Some(why) = n.send(session, &logs).ended.first() {
                    return Outcome::Ended(why);
                }
            }
            Outcome::GotThrough
        },
    ),
    HERE.attack(
        "floods_a_busy_node",
        "趁提交落盘时灌入 5,000 帧",
        "floods a node while its disk is busy",
        Outcome::Ended("too many frames while a commit is under way"),
        Off(Check::Inbox),
        |_| {
            let mut n = Node::new();
            let (session, busy) = (n.live("school-node", true), n.live("city-node", false));
            n.commits = false;
            let entry = n.write("other-clerk", 90, n.hours(n.other));
            n.send(busy, &[entry]);
            for _ in 0..5_000 {
                if let Some(why) = n.say(session, &Frame::Compared).ended.first() {
                    return Outcome::Ended(why);
                }
            }
            Outcome::GotThrough
        },
    ),
    HERE.attack(
        "attachments_without_end",
        "送 80 MiB 永不完整的附件",
        "sends 80 MiB of attachments that never become whole",
        Outcome::Ended("too many attachments at once"),
        Off(Check::AttachmentsWaiting),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let part = vec![7; limits::ATTACHMENT_CHUNK_BYTES];
            for id in 0..6_u8 {
                for at in 0..290 {
                    let mut chunk = piece(&part, at * part.len() as u64, limits::ATTACHMENT_BYTES_MAX as u64);
                    chunk.id.0[0] = id;
                    if let Some(why) = n.chunk(session, &chunk).ended.first() {
                        return Outcome::Ended(why);
                    }
                }
            }
            Outcome::GotThrough
        },
    ),
    HERE.attack(
        "attachments_in_many_sessions",
        "开五个会话, 各送 60 MiB 永不完整的附件",
        "sends 60 MiB of attachments that never become whole in each of five sessions",
        Outcome::Ended("too many attachments at once"),
        Off(Check::AttachmentsOfAll),
        |_| {
            let mut n = Node::new();
            let honest = n.live("city-node", false);
            n.chunk(honest, &piece(&[7], 0, 2));
            let nodes = ["city-node", "school-node", "school-node", "school-node", "school-node"];
            let sessions = nodes.map(|node| n.live(node, false));
            let part = vec![7; limits::BATCH_RAW_BYTES_MAX - 64];
            let pieces = (60 << 20) / part.len();
            for (session, id) in sessions.into_iter().zip(1_u8..) {
                for at in 0..pieces {
                    let mut chunk = piece(&part, (at % 60 * part.len()) as u64, limits::ATTACHMENT_BYTES_MAX as u64);
                    (chunk.id.0[0], chunk.id.0[1]) = (id, (at / 60) as u8);
                    if let Some(why) = n.chunk(session, &chunk).ended.first() {
                        assert!(n.hub.sessions().any(|s| s.session == honest), "the honest session stays");
                        return Outcome::Ended(why);
                    }
                }
            }
            Outcome::GotThrough
        },
    ),
    HERE.attack(
        "clock_jumps_back",
        "把时钟拨快十年再拨回, 让回执停十年",
        "has the clock jump ten years ahead and back, so that receipts stop for ten years",
        Outcome::NoEffect,
        Off(Check::ClockBack),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let entries = n.write_all("clerk", 90, n.hours(n.school), 2);
            let today = n.now;
            n.now.0 += 10 * 365 * 86_400_000;
            let ahead = n.send(session, &entries[..1]);
            assert!(ahead.sent.iter().any(|(_, f)| matches!(f, Frame::Receipt(_))), "a receipt in ten years");
            n.now = today;
            n.send(session, &entries[1..]);
            let due = n.hub.poll_timeout();
            if due.is_some_and(|t| t.0 <= today.0 + 60_000) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
];

/// What an input came to, and the most memory it took at once.
fn measured<T>(bench: &Bench, input: impl FnOnce() -> T) -> (T, usize) {
    (bench.meter.reset)();
    let before = (bench.meter.current)();
    let done = input();
    (done, (bench.meter.peak)().saturating_sub(before))
}

/// The county's admin certifies nodes of the county.
fn certified(network: &Network, nodes: &[String], now: Ms) -> SignedEntry {
    let document = DocId::of(network.county, Kind::Registry);
    let basis = network.invite.row.basis;
    let mut p = PayloadBuilder::default();
    for node in nodes {
        let row = NewGrant { key: key(node), role: Role::Node, office: None, org: network.invite.row.org, basis, seal_key: None };
        p.row(Grant::TYPE, &[], &row.row("n", DAY).to_fields());
    }
    signed(&network.ledger, "county-admin", 90, document, p.finish(), now)
}
