//! Asking for, or pushing, what one may not see or hold.

use taizhang_core::{
    entry::SignedEntry,
    founding::{NewGrant, NewOrg},
    id::{DocId, Kind},
    op::{PayloadBuilder, RowRef},
    planted::Check,
    rows::{Grant, Org, OrgKind, Role, RowType},
    units::Ms,
};
use taizhang_sync::{
    Input, SessionId,
    frame::{Frame, Summary},
    limits,
    planted::Planted,
};

use super::{
    Attack, Outcome,
    Removal::{Bug, Off},
    Theme,
    wire::{Node, piece, signed},
};
use crate::mutate::network::{DAY, Network, YEAR, key};

const HERE: Theme = Theme::Reading;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "school_asks_for_everything",
        "学校节点索取县节点的全部文档",
        "a school's node asks the county's for everything",
        Outcome::NoEffect,
        Bug(Planted::ScopeIgnored),
        |_| {
            let mut n = Node::new();
            let session = n.live("school-node", false);
            let heard = n.ask_all(session, &[]);
            let registry = &n.ledger().registry;
            assert!(heard.tips().iter().any(|(d, _)| *d == n.hours(n.school)), "its own it is told");
            let foreign = heard.tips().iter().any(|(d, _)| !registry.may_read(n.school, d) && d.kind != Kind::Registry);
            if foreign { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "asks_for_another_schools_ledger",
        "学校节点打听别校台账的末条",
        "a school's node asks for the tips of another school's ledger",
        Outcome::NoEffect,
        Off(Check::TipsScope),
        |_| told("school-node", |n| n.hours(n.other)),
    ),
    HERE.attack(
        "asks_for_another_schools_names",
        "学校节点打听别校的身份文档",
        "a school's node asks for another school's identity document",
        Outcome::NoEffect,
        Off(Check::TipsScope),
        |_| told("newcomer-node", |n| DocId::of(n.school, Kind::Identity)),
    ),
    HERE.attack(
        "city_asks_for_names",
        "市节点打听学校的身份文档",
        "the city's node asks for a school's identity document",
        Outcome::NoEffect,
        Off(Check::TipsScope),
        |_| told("city-node", |n| DocId::of(n.school, Kind::Identity)),
    ),
    HERE.attack(
        "school_asks_for_anothers_review",
        "学校节点打听县里对别校的审核",
        "a school's node asks for the county's review of another school",
        Outcome::NoEffect,
        Off(Check::TipsScope),
        |_| told("newcomer-node", |n| DocId::about(n.network.county, Kind::Review, YEAR, n.school)),
    ),
    HERE.attack(
        "stranger_asks",
        "未获认证的节点索取文档",
        "a node that nobody certified asks for everything",
        Outcome::NoEffect,
        Off(Check::Strangers),
        |_| {
            let mut n = Node::new();
            let session = n.connect("stranger-node", false);
            let hello = n.hello();
            n.say(session, &hello);
            n.say(session, &Frame::Root { digest: [1; 16], reply: true });
            let heard = n.ask_all(session, &[]);
            let tells = heard.entries() > 0 || heard.tips().iter().any(|(_, tips)| *tips > 0);
            if tells { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "impostor_answers",
        "在所记的地址冒充原来的节点接听, 等对方来说它有什么",
        "answers where a neighbour is dialled in its place, and waits to be told what the other has",
        Outcome::Ended("not certified in time"),
        Off(Check::Strangers),
        |_| {
            let mut n = Node::new();
            let session = n.connect("impostor-node", true);
            let hello = n.hello();
            n.say(session, &hello);
            let lies = [Frame::Root { digest: [1; 16], reply: false }, Frame::Summaries(Vec::new()), Frame::Compared];
            let told: Vec<(SessionId, Frame)> = lies.iter().flat_map(|f| n.say(session, f).sent).collect();
            let nothing = Summary::Leaf { prefix: Vec::new(), documents: Vec::new() };
            let tells = told.iter().any(|(_, f)| match f {
                Frame::Summaries(list) => list.iter().any(|part| *part != nothing),
                Frame::Tips { tips, .. } => !tips.is_empty(),
                Frame::Root { .. } | Frame::Compared => false,
                _ => true,
            });
            n.now.0 += limits::STRANGER_MS_MAX;
            let done = n.input(Input::Timeout);
            if tells { Outcome::GotThrough } else { done.ended() }
        },
    ),
    HERE.attack(
        "pushes_what_the_county_may_not_hold",
        "把县里无权读的市级汇总塞给县节点",
        "pushes a rollup of the city to the county, which may not read it",
        Outcome::Refused(5),
        Off(Check::MayHold),
        |_| {
            let mut n = Node::new();
            let session = n.live("city-node", false);
            let city = n.ledger().registry.ancestors(n.network.county)[0];
            let e = n.write("city-reviewer", 90, DocId::of_year(city, Kind::Rollup, YEAR));
            n.send(session, &[e]).refused()
        },
    ),
    HERE.attack(
        "certifies_anothers_node",
        "把别校的节点也登记成另一所学校的, 让它从此收不到自己学校的台账",
        "certifies a school's node for another school as well, so that it hears nothing of its own any more",
        Outcome::NoEffect,
        Off(Check::NodeNames),
        |_| {
            let mut n = Node::after(|network, now| vec![certified_twice(network, now)]);
            let session = n.live("school-node", false);
            let heard = n.ask_all(session, &[]);
            let is_told = heard.tips().iter().any(|(d, _)| *d == n.hours(n.school));
            if is_told { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "stranger_sends_attachments",
        "未获认证的节点塞附件",
        "a node that nobody certified sends attachments",
        Outcome::Ended("attachments from a node that is not certified"),
        Off(Check::AttachmentsCertified),
        |_| {
            let mut n = Node::new();
            let session = n.connect("stranger-node", false);
            let hello = n.hello();
            n.say(session, &hello);
            n.chunk(session, &piece(b"tips", 0, 9)).ended()
        },
    ),
];

/// Somebody names a document without tips, as if it had nothing of it: through, if it is told what is here.
fn told(who: &str, document: fn(&Node) -> DocId) -> Outcome {
    let mut n = Node::new();
    let session = n.live(who, false);
    let document = document(&n);
    assert!(n.ledger().document(&document).is_some(), "there is something to tell");
    let done = n.say(session, &Frame::Tips { document, tips: Vec::new() });
    if done.tips().iter().any(|(_, tips)| *tips > 0) { Outcome::GotThrough } else { Outcome::NoEffect }
}

/// An admin creates one more school, whose id lies before that of the school whose node speaks, and certifies that node for it.
fn certified_twice(network: &Network, now: Ms) -> SignedEntry {
    let school = network.ledger.registry.by_code("3301020001").unwrap();
    let new =
        |i: u64| NewOrg { code: "3301020009".into(), kind: OrgKind::School, name: "学校".into(), random: i.to_be_bytes() };
    let org = (0..).map(|i| new(i).row(network.county, DAY)).find(|row| row.org < school).unwrap();
    let node =
        NewGrant { key: key("school-node"), role: Role::Node, office: None, org: org.org, basis: RowRef::own(0), seal_key: None };
    let mut p = PayloadBuilder::default();
    p.row(Org::TYPE, &[], &org.to_fields());
    p.row(Grant::TYPE, &[], &node.row("n", DAY).to_fields());
    signed(&network.ledger, "county-admin", 90, DocId::of(network.county, Kind::Registry), p.finish(), now)
}
