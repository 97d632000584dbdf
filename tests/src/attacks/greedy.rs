//! Whoever has a node work for nothing: branches to try signatures at, answers to what was not asked, the same said again and again.

use taizhang_core::{
    entry::{Before, Header, SignedEntry},
    id::{DocId, Kind, OrgId},
    planted::Check,
    units::Ms,
};
use taizhang_sync::{
    SessionId,
    frame::{Frame, Summary},
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    wire::{Node, write},
};
use crate::mutate::network::{Network, YEAR, secret};

const HERE: Theme = Theme::Limits;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "goes_on_from_a_branch_not_kept",
        "在已被舍弃的分支后面接着送, 让每一条都拿所有分支逐一验签",
        "goes on from a branch that is not kept, so that the signature of each entry is tried behind every branch",
        Outcome::Refused(1),
        Off(Check::ForkCandidates),
        |_| {
            let mut heads = Vec::new();
            let mut n = Node::after(|network, now| {
                let document = DocId::of_year(school(network), Kind::Ledger, YEAR);
                heads = (0..6).map(|i| write(&network.ledger, "clerk", 90, document, Ms(now.0 + i))).collect();
                heads.clone()
            });
            let beyond = heads.iter().find(|e| n.ledger().is_surplus_entry(&e.id)).unwrap();
            let next = behind(&n, beyond);
            let session = n.live("school-node", true);
            n.send(session, &[next]).refused()
        },
    ),
    HERE.attack(
        "answers_one_part_many_times",
        "对方问一次, 就把同一部分“答”上两百遍, 引出没完没了的追问",
        "answers about one part two hundred times, so that it is asked about each time",
        Outcome::Ended("an answer to what was not asked"),
        Off(Check::AnswerPart),
        |_| {
            let mut n = Node::after(|network, now| {
                let years = (2000..2020).map(|year| DocId::of_year(school(network), Kind::Ledger, year));
                years.map(|document| write(&network.ledger, "clerk", 90, document, now)).collect()
            });
            let session = n.connect("school-node", true);
            let hello = n.hello();
            n.say(session, &hello);
            let asked = n.say(session, &Frame::Root { digest: [7; 16], reply: false });
            let parts = asked.sent.iter().find_map(|(_, f)| if let Frame::Summaries(parts) = f { Some(parts) } else { None });
            assert!(matches!(parts.unwrap()[0], Summary::Node { .. }), "it asks about more than a few documents");
            let part = Summary::Leaf { prefix: vec![7], documents: Vec::new() };
            n.say(session, &Frame::Summaries(vec![part; 200])).ended()
        },
    ),
    HERE.attack(
        "has_a_document_sent_again_and_again",
        "一轮里反复说自己什么都没有, 让对方一遍遍重发整份文档",
        "says over and over within a round that it has nothing, so that the whole document is sent each time",
        Outcome::NoEffect,
        Off(Check::TipsOnce),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let document = n.hours(n.school);
            let (mut batches, mut entries) = (0, 0);
            for _ in 0..20 {
                n.say(session, &Frame::Tips { document, tips: Vec::new() });
                entries += hear_out(&mut n, session, &mut batches);
            }
            let all = n.ledger().document(&document).unwrap().entries.len();
            assert!(entries >= all, "once it is sent");
            if entries == all { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "refuses_without_end",
        "同一日志被拒的消息说上一千遍, 逼对方每次都记一笔",
        "says a thousand times that it refused one log, so that it is written down each time",
        Outcome::NoEffect,
        Off(Check::RefusedOnce),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let document = n.hours(n.school);
            n.say(session, &Frame::Tips { document, tips: Vec::new() });
            assert!(hear_out(&mut n, session, &mut 0) > 0, "there is something to refuse");
            let refused = Frame::Refused { log: 1, sequence: 1, code: 5 };
            let told: usize = (0..1_000).map(|_| n.say(session, &refused).refused_there).sum();
            assert!(told > 0, "once it is told");
            if told == 1 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
];

/// The school whose node speaks.
fn school(network: &Network) -> OrgId {
    network.ledger.registry.by_code("3301020001").unwrap()
}

/// What the clerk writes behind an entry of hers.
fn behind(n: &Node, before: &SignedEntry) -> SignedEntry {
    let (sequence, previous) = (before.header.sequence + 1, Before::Previous(before.id));
    let header = Header { sequence, before: previous, ..before.header };
    SignedEntry::sign(header, before.payload.clone(), &secret("clerk"), &n.ledger().network)
}

/// Acknowledges batches until no more come; how many entries came.
fn hear_out(n: &mut Node, session: SessionId, batches: &mut u64) -> usize {
    let mut entries = 0;
    loop {
        let done = n.say(session, &Frame::Ack { batches: *batches, new: 0 });
        let more = done.sent.iter().filter(|(_, f)| matches!(f, Frame::Batch(_))).count() as u64;
        entries += done.entries();
        *batches += more;
        if more == 0 {
            return entries;
        }
    }
}
