//! Relays and liars within a session.

use taizhang_core::{
    entry::{Before, SignedEntry},
    founding::{Invite, NewGrant},
    id::{DocId, EntryId, Kind, NetworkId, Run},
    op::PayloadBuilder,
    planted::Check,
    receipt::Receipt,
    rows::{Grant, Role, RowType},
    units::Ms,
};
use taizhang_sync::{
    SessionId,
    frame::{Frame, Kinds, Tip, VERSION, WireReceipt},
    planted::Planted,
};

use super::{
    Attack, Outcome,
    Removal::{Bug, Off},
    Theme,
    wire::{Done, Node, piece, signed},
};
use crate::mutate::{
    network::{DAY, Network, key, secret},
    rows,
};

const HERE: Theme = Theme::Replication;
const MONTH_MS: u64 = 30 * 86_400_000;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "relay_changes_an_entry",
        "中转节点改动批次中的条目",
        "a relay changes an entry in a batch",
        Outcome::Refused(3),
        Bug(Planted::SignaturesUnchecked),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let mut e = n.write("clerk", 90, n.hours(n.school));
            *e.payload.last_mut().unwrap() ^= 1;
            n.send(session, &[e]).refused()
        },
    ),
    HERE.attack(
        "relay_drops_an_entry",
        "中转节点扣下中间一条, 想让后面的永远进不来",
        "a relay drops an entry, so that those behind it never enter",
        Outcome::NoEffect,
        Off(Check::RetryMissing),
        |_| {
            let mut n = Node::new();
            let (relay, city) = (n.live("school-node", true), n.live("city-node", false));
            let entries = n.write_all("clerk", 90, n.hours(n.school), 2);
            assert_eq!(n.send(relay, &entries[1..]).refused(), Outcome::Refused(1), "not without the one before it");
            let came = n.send(city, &entries[..1]);
            assert_eq!(came.stored.len(), 1, "the dropped entry comes another way");
            // It travels on to the relay; when that has it, the relay is asked once more for what it has.
            let (mut batches, mut asked) = (0, has_root(&came, relay));
            let mut done = came;
            while !asked && batches < 10 {
                let more = done.sent.iter().filter(|(s, f)| *s == relay && matches!(f, Frame::Batch(_))).count() as u64;
                if more == 0 {
                    break;
                }
                batches += more;
                done = n.say(relay, &Frame::Ack { batches, new: 1 });
                asked = has_root(&done, relay);
            }
            if asked { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "relay_repeats_a_batch",
        "中转节点重复发送同一批",
        "a relay sends a batch twice",
        Outcome::NoEffect,
        Off(Check::StoredOnce),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let entries = n.write_all("clerk", 90, n.hours(n.school), 3);
            assert_eq!(n.send(session, &entries).stored.len(), 3);
            if n.send(session, &entries).stored.is_empty() { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "relay_delays_a_batch",
        "中转节点把一批扣下一个月, 等条目早已另路到达才发出",
        "a relay holds a batch back for a month and sends it when its entries have long come another way",
        Outcome::NoEffect,
        Off(Check::StoredOnce),
        |_| {
            let mut n = Node::new();
            let (relay, city) = (n.live("school-node", true), n.live("city-node", false));
            let entries = n.write_all("clerk", 90, n.hours(n.school), 3);
            assert_eq!(n.send(city, &entries).stored.len(), 3, "nobody waits for the relay");
            n.now = Ms(n.now.0 + MONTH_MS);
            let relay = if n.hub.sessions().any(|s| s.session == relay) { relay } else { n.live("school-node", true) };
            if n.send(relay, &entries).stored.is_empty() { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "tips_that_nobody_has",
        "谎报谁也没有的末条, 骗对方以为自己什么都有",
        "names tips that nobody has, so that it shall be taken to have everything",
        Outcome::NoEffect,
        Bug(Planted::UnknownTipsTrusted),
        |_| lying_tips(|tip| (tip.run, tip.height, tip.id) = (Run([200; 8]), 1, EntryId([7; 32]))),
    ),
    HERE.attack(
        "tips_at_a_known_height",
        "在已知高度上谎报另一条, 藏起分叉",
        "names another entry at a known height, to hide a fork",
        Outcome::NoEffect,
        Bug(Planted::HeightsTrusted),
        |_| lying_tips(|tip| tip.id = EntryId([7; 32])),
    ),
    HERE.attack(
        "acknowledges_what_was_not_sent",
        "确认从未发出的批次",
        "acknowledges batches that were not sent",
        Outcome::Ended("acknowledges what was not sent"),
        Off(Check::AckSent),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            n.say(session, &Frame::Ack { batches: 1000, new: 0 }).ended()
        },
    ),
    HERE.attack(
        "forged_receipt",
        "伪造回执, 谎称上级已收到",
        "forges a receipt of another node",
        Outcome::Ended("a receipt with a wrong signature"),
        Off(Check::ReceiptSigned),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let (document, tips) = shared(&n);
            let forged = wire(&Receipt::sign(&secret("thief"), &n.ledger().network, 9, n.now, vec![(document, tips)]));
            n.say(session, &Frame::Receipt(forged)).ended()
        },
    ),
    HERE.attack(
        "receipt_of_a_foreign_document",
        "为自己无权读的文档开回执, 打探是否存在",
        "signs a receipt of a document it may not read, to learn whether it exists",
        Outcome::Ended("a receipt of what it may not speak of"),
        Off(Check::ReceiptScope),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            let document = n.hours(n.other);
            let tips = n.ledger().open_tips(&document);
            let receipt = wire(&Receipt::sign(&secret("school-node"), &n.ledger().network, 9, n.now, vec![(document, tips)]));
            n.say(session, &Frame::Receipt(receipt)).ended()
        },
    ),
    HERE.attack(
        "receipt_of_unknown_tips",
        "为对方没有的条目开回执",
        "signs a receipt of entries that the other does not have",
        Outcome::NoEffect,
        Off(Check::ReceiptKnown),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let (document, _) = shared(&n);
            let receipt =
                Receipt::sign(&secret("city-node"), &n.ledger().network, 9, n.now, vec![(document, vec![EntryId([7; 32])])]);
            n.say(session, &Frame::Receipt(wire(&receipt)));
            if n.hub.receipts().count() == 0 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "receipts_without_end",
        "同一回执换着序号发上千遍, 逼对方每次都写盘",
        "sends one receipt under a thousand counters, so that each is written to the disk",
        Outcome::NoEffect,
        Off(Check::ReceiptRepeats),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let (document, tips) = shared(&n);
            let network = n.ledger().network;
            let mut commits = 0;
            for counter in 1..=1_000 {
                let receipt = Receipt::sign(&secret("city-node"), &network, counter, n.now, vec![(document, tips.clone())]);
                commits += n.say(session, &Frame::Receipt(wire(&receipt))).commits;
            }
            assert_eq!(n.hub.receipts().count(), 1, "one is kept of each node and document");
            if commits == 1 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "receipts_of_a_stranger",
        "未获认证的节点开回执, 谎称已收到",
        "a node that nobody certified signs a receipt",
        Outcome::Ended("a receipt of what it may not speak of"),
        Off(Check::ReceiptScope),
        |_| {
            let mut n = Node::new();
            let session = n.connect("stranger-node", false);
            let hello = n.hello();
            n.say(session, &hello);
            let (document, tips) = shared(&n);
            let receipt = Receipt::sign(&secret("stranger-node"), &n.ledger().network, 9, n.now, vec![(document, tips)]);
            n.say(session, &Frame::Receipt(wire(&receipt))).ended()
        },
    ),
    HERE.attack(
        "receipt_taken_back",
        "重放旧回执, 让已收到的看似未收到",
        "replays an older receipt, so that what arrived seems not to have",
        Outcome::NoEffect,
        Off(Check::ReceiptCovers),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let (document, tips) = shared(&n);
            let network = n.ledger().network;
            let before: Vec<EntryId> = tips.iter().filter_map(|t| n.ledger().ancestry(*t).nth(1)).collect();
            assert!(!before.is_empty() && before != tips, "there is something before the tips");
            for (counter, tips) in [(8, tips.clone()), (9, before)] {
                let receipt = Receipt::sign(&secret("city-node"), &network, counter, n.now, vec![(document, tips)]);
                n.say(session, &Frame::Receipt(wire(&receipt)));
            }
            let kept = n.hub.receipts().next().map(|(_, _, r)| r.documents[0].1.clone());
            if kept == Some(tips) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "greets_for_another_network",
        "以另一网络的身份问候",
        "greets for another network",
        Outcome::Ended("another network"),
        Off(Check::HelloNetwork),
        |_| {
            let mut n = Node::new();
            let session = n.connect("school-node", false);
            let org = n.school;
            let network = NetworkId([7; 32]);
            n.say(session, &Frame::Hello { version: VERSION, network, org, wants: Kinds::all(), join: None }).ended()
        },
    ),
    HERE.attack(
        "does_not_greet",
        "不问候就开始索取",
        "asks before it greets",
        Outcome::Ended("the first frame must be a greeting"),
        Off(Check::HelloFirst),
        |_| {
            let mut n = Node::new();
            let session = n.connect("school-node", false);
            n.say(session, &Frame::Root { digest: [0; 16], reply: true }).ended()
        },
    ),
    HERE.attack(
        "answers_without_a_question",
        "没人问就不停地“回答”",
        "answers what nobody asked",
        Outcome::Ended("an answer without a question"),
        Off(Check::AnswerAsked),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", true);
            n.say(session, &Frame::Summaries(Vec::new())).ended()
        },
    ),
    HERE.attack(
        "copied_invite",
        "抄下别人的邀请使用记录, 让自己的节点入网",
        "shows a copied use of an invite for a node of its own",
        Outcome::Ended("the invite was used for another node"),
        Off(Check::InviteNode),
        |_| {
            joins("thief-node", |network, now| network.invite.use_it(&rows::newcomer(key("newcomer 2"), key("joiner-node")), now))
        },
    ),
    HERE.attack(
        "invite_used_by_a_second",
        "邀请已用过, 再来一次",
        "joins by an invite that was used already",
        Outcome::Ended("this invite was used already"),
        Bug(Planted::InviteTwice),
        |_| {
            let mut n = Node::after(|network, now| {
                vec![network.invite.use_it(&rows::newcomer(key("newcomer 2"), key("joiner-node")), now)]
            });
            let use_of = n.network.invite.use_it(&rows::newcomer(key("thief"), key("thief-node")), n.now);
            join(&mut n, "thief-node", &use_of)
        },
    ),
    HERE.attack(
        "expired_invite",
        "用过期的邀请入网",
        "joins by an invite that has expired",
        Outcome::Ended("this invite has expired"),
        Bug(Planted::InviteExpired),
        |_| {
            let mut made = None;
            let mut n = Node::after(|network, _| {
                let (entry, invite) = short_invite(network);
                made = Some(invite);
                vec![entry]
            });
            let use_of = made.unwrap().use_it(&rows::newcomer(key("late"), key("late-node")), n.now);
            join(&mut n, "late-node", &use_of)
        },
    ),
    HERE.attack(
        "attachment_swapped",
        "附件内容与名称不符",
        "sends another attachment under the name of one",
        Outcome::Ended("an attachment is not what its name says"),
        Off(Check::AttachmentHash),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let mut chunk = piece(b"open tips", 0, 9);
            chunk.bytes[0] ^= 1;
            n.chunk(session, &chunk).ended()
        },
    ),
    HERE.attack(
        "attachment_out_of_order",
        "附件分片乱序",
        "sends the pieces of an attachment out of order",
        Outcome::Ended("pieces of an attachment out of order"),
        Off(Check::AttachmentOrder),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            n.chunk(session, &piece(b"tips", 4, 9)).ended()
        },
    ),
];

fn has_root(done: &Done, session: SessionId) -> bool {
    done.sent.iter().any(|(s, f)| *s == session && matches!(f, Frame::Root { .. }))
}

/// A document that county and city share, with its open tips.
fn shared(n: &Node) -> (DocId, Vec<EntryId>) {
    let document = DocId::about(n.network.county, Kind::Review, crate::mutate::network::YEAR, n.school);
    (document, n.ledger().open_tips(&document))
}

/// The city's node names bent tips of a school's ledger: through, if it then gets nothing of it.
fn lying_tips(bend: fn(&mut Tip)) -> Outcome {
    let mut n = Node::new();
    let session = n.live("city-node", false);
    let document = n.hours(n.school);
    let tips = n.ledger().open_tips(&document);
    let lies = tips.iter().map(|id| {
        let place = n.ledger().place(id).unwrap();
        let mut tip = Tip { key: place.log.key, run: place.log.run, height: place.sequence, id: *id, hints: Vec::new() };
        bend(&mut tip);
        tip
    });
    let lies = lies.collect();
    let done = n.ask_all(session, &[Frame::Tips { document, tips: lies }]);
    if done.entries() > 0 { Outcome::NoEffect } else { Outcome::GotThrough }
}

/// A receipt as it travels.
fn wire(receipt: &Receipt) -> WireReceipt {
    let short = |id: &EntryId| *id.0.first_chunk().unwrap();
    let documents = receipt.documents.iter().map(|(d, tips)| (*d, tips.iter().map(short).collect())).collect();
    WireReceipt { counter: receipt.counter, time: receipt.time, documents, signature: receipt.signature }
}

fn joins(node: &str, use_of: impl FnOnce(&Network, Ms) -> SignedEntry) -> Outcome {
    let mut n = Node::new();
    let use_of = use_of(n.network, n.now);
    join(&mut n, node, &use_of)
}

/// First contact by an invite's use: through, if it is stored.
fn join(n: &mut Node, node: &str, use_of: &SignedEntry) -> Outcome {
    assert!(matches!(use_of.header.before, Before::Start { .. }));
    let session = n.connect(node, false);
    let (org, network) = (n.school, n.ledger().network);
    let join = Some(use_of.to_bytes());
    let done = n.say(session, &Frame::Hello { version: VERSION, network, org, wants: Kinds::all(), join });
    if done.stored.is_empty() { done.ended() } else { Outcome::GotThrough }
}

/// An invite that was good for an hour of the first day.
fn short_invite(network: &Network) -> (SignedEntry, Invite) {
    let org = network.invite.row.org;
    let to =
        NewGrant { key: key("short"), role: Role::Clerk, office: None, org, basis: network.invite.row.basis, seal_key: None };
    let row = Invite::grant_row(&to, "邀请", DAY, Ms(Ms::start_of(DAY).0 + 3_600_000));
    let mut p = PayloadBuilder::default();
    p.row(Grant::TYPE, &[], &row.to_fields());
    let document = DocId::of(network.county, Kind::Registry);
    let entry = signed(&network.ledger, "county-admin", 90, document, p.finish(), Ms::start_of(DAY));
    let grant = taizhang_core::op::RowName { entry: entry.id, index: 0 };
    let invite = Invite { network: network.id, registry: network.county, grant, row, key: secret("short") };
    (entry, invite)
}
