//! Wrong roles and offices, other people's documents, organisations and invites, and rows that replace what they may not.

use taizhang_core::{
    admission::ONE_USE_RUN,
    entry::Before,
    id::{DocId, Kind, OrgId},
    op::RowRef,
    planted::{Check, Planted},
    rows::{OfficeCode, Org, OrgKind, Role, RowType},
};

use super::{
    Attack,
    Outcome::{self, Refused},
    Removal::Off,
    Theme,
    kit::{DAY, FIELDS, PLAN, here, key, ledger_of, new_org, registry, review, run},
    scene::Scene,
};

const HERE: Theme = Theme::Grants;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "uses_anothers_grant",
        "以别人的授权开自己的日志",
        "begins a log under another person's grant",
        Refused(5),
        Off(Check::Bug(Planted::GrantKeyUnchecked)),
        |_| {
            let s = Scene::new();
            s.offer(&s.draft("thief", ledger_of(s.c.school)).start(s.begun(), None).sign())
        },
    ),
    HERE.attack(
        "writes_another_schools_ledger",
        "往别校的台账里写",
        "a school's clerk writes in another school's ledger",
        Refused(5),
        Off(Check::DocumentOwner),
        |_| in_place_of("second-clerk", |s| (ledger_of(s.c.second), ledger_of(s.c.school))),
    ),
    HERE.attack(
        "county_writes_a_schools_ledger",
        "县里的经办人直接改学校台账",
        "a county's clerk writes in a school's ledger",
        Refused(5),
        Off(Check::DocumentOwner),
        |_| in_place_of("county-clerk", |s| (ledger_of(s.c.county), ledger_of(s.c.school))),
    ),
    HERE.attack(
        "county_writes_anothers_review",
        "以别县的名义审核",
        "a reviewer writes in the review of another county",
        Refused(5),
        Off(Check::DocumentOwner),
        |_| in_place_of("reviewer", |s| (review(s.c.county, s.c.foreign), review(s.c.other, s.c.foreign))),
    ),
    HERE.attack(
        "principal_writes_the_roster",
        "校长改花名册",
        "a principal writes in the roster",
        Refused(5),
        Off(Check::WriterRole),
        |_| in_place_of("principal", |s| (ledger_of(s.c.school), DocId::of(s.c.school, Kind::Roster))),
    ),
    HERE.attack(
        "clerk_writes_a_review",
        "县里的经办人冒充审核员",
        "a county's clerk writes in a review",
        Refused(5),
        Off(Check::WriterRole),
        |_| in_place_of("county-clerk", |s| (ledger_of(s.c.county), review(s.c.county, s.c.school))),
    ),
    HERE.attack(
        "reviewer_writes_the_registry",
        "审核员自己往登记册里写, 给自己授权",
        "a reviewer writes in the registry, to grant herself",
        Refused(5),
        Off(Check::WriterRole),
        |_| in_place_of("reviewer", |s| (review(s.c.county, s.c.school), registry(s.c.county))),
    ),
    HERE.attack("auditor_writes", "审计员写台账", "an auditor writes a ledger", Refused(5), Off(Check::WriterRole), |_| {
        any_grant("auditor", |s| ledger_of(s.c.county))
    }),
    HERE.attack(
        "node_writes",
        "用装机的节点密钥写台账",
        "a node's key writes a ledger",
        Refused(5),
        Off(Check::WriterRole),
        |_| any_grant("node", |s| ledger_of(s.c.county)),
    ),
    HERE.attack(
        "admin_writes_a_policy",
        "管理员发布政策",
        "an admin publishes a policy",
        Refused(5),
        Off(Check::WriterRole),
        |_| any_grant("city-admin", |s| DocId::of(s.w().city, Kind::Policy)),
    ),
    HERE.attack(
        "township_certifies",
        "给乡镇中心校设管理员",
        "gives a township an admin, so that it certifies",
        Refused(9),
        Off(Check::OfficeRoles),
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("admin", s.c.county, &s.w().grant_row("somebody", Role::Admin, s.c.township)))
        },
    ),
    HERE.attack(
        "claims_anothers_school",
        "在自己的登记册里占用别县学校的编号",
        "a county claims another county's school by its id",
        Refused(9),
        Off(Check::OrgId),
        |_| {
            let s = Scene::new();
            let row = Org { org: s.c.school, ..new_org("x", OrgKind::School).row(s.c.other, DAY) };
            s.offer(&s.registry_row("other-admin", s.c.other, &row))
        },
    ),
    HERE.attack(
        "circle_of_organisations",
        "把上级登记成自己的下级, 造成循环",
        "creates its own parent below itself: a circle",
        Refused(9),
        Off(Check::OrgId),
        |_| {
            let s = Scene::new();
            let row = Org { org: s.w().city, ..new_org("x", OrgKind::School).row(s.c.county, DAY) };
            s.offer(&s.registry_row("admin", s.c.county, &row))
        },
    ),
    HERE.attack(
        "creates_under_another",
        "在别县名下设学校",
        "creates a school under another county",
        Refused(9),
        Off(Check::OrgParent),
        |_| {
            let s = Scene::new();
            let row = Org { parent: s.c.county, ..new_org("x", OrgKind::School).row(s.c.other, DAY) };
            s.offer(&s.registry_row("other-admin", s.c.other, &row))
        },
    ),
    HERE.attack(
        "creates_a_city",
        "县里登记一个市, 想越级",
        "a county creates a city below itself",
        Refused(9),
        Off(Check::OrgOrder),
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("admin", s.c.county, &new_org("x", OrgKind::City).row(s.c.county, DAY)))
        },
    ),
    HERE.attack(
        "renames_anothers_school",
        "改别县学校的登记",
        "a county describes another county's school anew",
        Outcome::NoEffect,
        Off(Check::OrgPlace),
        |_| {
            let mut s = Scene::new();
            let row = Org { random: None, name: "被改".into(), ..s.w().ledger().registry.orgs[&s.c.school].current().clone() };
            let entry = s.registry_row("other-admin", s.c.other, &row);
            s.c.w.take(entry);
            let now = &s.w().ledger().registry.orgs[&s.c.school];
            if now.current().name == row.name { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "replaces_another_schools_description",
        "以一校的登记顶替另一校的登记",
        "a county lets the description of one school replace that of another",
        Refused(9),
        Off(Check::OrgChange),
        |_| {
            let s = Scene::new();
            let orgs = &s.w().ledger().registry.orgs;
            let row = Org { random: None, ..orgs[&s.c.school].current().clone() }.to_fields();
            let other = here(orgs[&s.c.second].creation.name.entry);
            s.offer(&s.draft("admin", registry(s.c.county)).payload(|p| _ = p.row(Org::TYPE, &[other], &row)).sign())
        },
    ),
    HERE.attack(
        "grant_on_another_basis",
        "学校员工的授权以县的登记行为依据, 骗得县里才有的角色",
        "rests a grant at a school on the county's creation, for a role that schools do not have",
        Refused(9),
        Off(Check::GrantBasis),
        |_| {
            let s = Scene::new();
            let row = taizhang_core::rows::Grant {
                basis: s.w().basis(s.c.county),
                ..s.w().grant_row("somebody", Role::Reviewer, s.c.school)
            };
            s.offer(&s.registry_row("admin", s.c.county, &row))
        },
    ),
    HERE.attack(
        "grants_above_itself",
        "县管理员授予市级角色",
        "a county's admin gives a role in the city",
        Refused(9),
        Off(Check::GrantScope),
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("admin", s.c.county, &s.w().grant_row("somebody", Role::Reviewer, s.w().city)))
        },
    ),
    HERE.attack(
        "grants_in_anothers_school",
        "给自己人授予别县学校的角色",
        "a county's admin gives a role in another county's school",
        Refused(9),
        Off(Check::GrantScope),
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("other-admin", s.c.other, &s.w().grant_row("somebody", Role::Clerk, s.c.school)))
        },
    ),
    HERE.attack(
        "forged_invite",
        "没有邀请密钥, 伪造一次使用",
        "uses an invite without its key",
        Refused(5),
        Off(Check::Bug(Planted::GrantKeyUnchecked)),
        |_| {
            let s = Scene::new();
            let mut d = s.use_of(|_| ());
            d.header.log.key = key("thief");
            d.signer = "thief".into();
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "invite_for_another_role",
        "用台账员的邀请取得校长角色",
        "takes another role than the invite gives",
        Refused(6),
        Off(Check::OneUseContent),
        |_| bent(|s| s.use_of(|g| g[0].role = Role::Principal)),
    ),
    HERE.attack(
        "invite_for_another_office",
        "用邀请取得另一岗位",
        "takes another office than the invite gives",
        Refused(6),
        Off(Check::OneUseContent),
        |_| bent(|s| s.use_of(|g| g[0].office = Some(OfficeCode::Hr))),
    ),
    HERE.attack(
        "invite_for_another_school",
        "用邀请进入别的学校",
        "joins another organisation than the invite names",
        Refused(6),
        Off(Check::OneUseContent),
        |_| {
            bent(|s| {
                let (org, basis) = (s.c.second, s.w().basis(s.c.second));
                s.use_of(|g| (g[0].org, g[0].basis) = (org, basis))
            })
        },
    ),
    HERE.attack(
        "chained_invite",
        "用邀请再发邀请",
        "makes a further invite out of an invite",
        Refused(6),
        Off(Check::OneUseContent),
        |_| bent(|s| s.use_of(|g| g[0].one_use = true)),
    ),
    HERE.attack(
        "invite_brings_friends",
        "一张邀请带进两个人",
        "brings in two persons with one invite",
        Refused(6),
        Off(Check::OneUseContent),
        |_| bent(|s| s.use_of(|g| g[1] = g[0].clone())),
    ),
    HERE.attack(
        "invite_goes_on",
        "邀请用过以后继续用它的密钥写",
        "goes on writing with the key of a used invite",
        Refused(4),
        Off(Check::OneUseOnce),
        |_| {
            let mut s = Scene::new();
            let first = s.c.w.join(&s.invite, "guest");
            let mut d = s.use_of(|_| ());
            d.header.log.run = ONE_USE_RUN;
            (d.header.sequence, d.header.before) = (2, Before::Previous(first));
            s.offer(&d.sign())
        },
    ),
    HERE.attack(
        "county_replaces_a_schools_row",
        "县审核员以一行“替换”学校的记录",
        "a reviewer replaces a row of a school's ledger by one of her own",
        Refused(7),
        Off(Check::ReplacesHere),
        |_| replaces("reviewer", |s| (review(s.c.county, s.c.school), here(s.row).entry, ledger_of(s.c.school))),
    ),
    HERE.attack(
        "school_replaces_anothers_row",
        "学校替换别校的记录",
        "a school replaces another school's row",
        Refused(7),
        Off(Check::ReplacesHere),
        |_| replaces("clerk", |s| (ledger_of(s.c.school), here(s.elsewhere).entry, ledger_of(s.c.second))),
    ),
    HERE.attack(
        "review_replaces_another_subjects",
        "在一校的审核里撤销另一校的审核",
        "replaces a decision about another school",
        Refused(7),
        Off(Check::ReplacesHere),
        |_| {
            replaces("reviewer", |s| {
                (review(s.c.county, s.c.school), here(s.second_review).entry, review(s.c.county, s.c.second))
            })
        },
    ),
    HERE.attack(
        "county_overrules_the_city",
        "县替换市的决定",
        "a county replaces the city's decision",
        Refused(7),
        Off(Check::ReplacesBelow),
        |_| replaces("reviewer", |s| (review(s.c.county, s.c.school), here(s.city_review).entry, review(s.w().city, s.c.school))),
    ),
];

/// Somebody who may write in the first document writes in the second, under the same grant.
fn in_place_of(who: &str, of: fn(&Scene) -> (DocId, DocId)) -> Outcome {
    let s = Scene::new();
    let (own, other) = of(&s);
    let grant = s.w().grant_in(who, own);
    assert!(grant.is_some(), "{who} has a grant");
    s.offer(&s.draft(who, other).run(run(77)).start(grant, None).sign())
}

/// Somebody whose grant lets write nowhere writes under it.
fn any_grant(who: &str, document: fn(&Scene) -> DocId) -> Outcome {
    let s = Scene::new();
    let grant = s.w().ledger().registry.grants_of(key(who)).map(|(name, _)| *name).next();
    assert!(grant.is_some(), "{who} has a grant");
    s.offer(&s.draft(who, document(&s)).run(run(77)).start(grant, None).sign())
}

fn bent(use_of: fn(&Scene) -> super::kit::Draft) -> Outcome {
    let s = Scene::new();
    s.offer(&use_of(&s).sign())
}

/// A row in the first document that replaces the first row of an entry in another.
fn replaces(who: &str, what: fn(&Scene) -> (DocId, Option<taizhang_core::id::EntryId>, DocId)) -> Outcome {
    let s = Scene::new();
    let (own, entry, there) = what(&s);
    let named = RowRef { document: Some(there), entry, index: 0 };
    assert_ne!(OrgId([0; 8]), own.owner);
    s.offer(&s.draft(who, own).payload(|p| _ = p.row(PLAN, &[named], &FIELDS)).sign())
}
