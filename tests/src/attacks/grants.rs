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
    Attack, Outcome, Removal, Theme,
    kit::{DAY, FIELDS, PLAN, here, key, ledger_of, new_org, registry, review, run},
    scene::Scene,
};

const fn attack(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    code: u64,
    check: Check,
    run: fn(&super::Bench) -> Outcome,
) -> Attack {
    Attack { name, theme: Theme::Grants, zh, en, ends: Outcome::Refused(code), check: Removal::Off(check), run }
}

pub(super) const TABLE: &[Attack] = &[
    attack(
        "uses_anothers_grant",
        "以别人的授权开自己的日志",
        "begins a log under another person's grant",
        5,
        Check::Bug(Planted::GrantKeyUnchecked),
        |_| {
            let s = Scene::new();
            s.offer(&s.draft("thief", ledger_of(s.c.school)).start(s.begun(), None).sign())
        },
    ),
    attack(
        "writes_another_schools_ledger",
        "往别校的台账里写",
        "a school's clerk writes in another school's ledger",
        5,
        Check::DocumentOwner,
        |_| in_place_of("second-clerk", |s| (ledger_of(s.c.second), ledger_of(s.c.school))),
    ),
    attack(
        "county_writes_a_schools_ledger",
        "县里的经办人直接改学校台账",
        "a county's clerk writes in a school's ledger",
        5,
        Check::DocumentOwner,
        |_| in_place_of("county-clerk", |s| (ledger_of(s.c.county), ledger_of(s.c.school))),
    ),
    attack(
        "county_writes_anothers_review",
        "以别县的名义审核",
        "a reviewer writes in the review of another county",
        5,
        Check::DocumentOwner,
        |_| in_place_of("reviewer", |s| (review(s.c.county, s.c.foreign), review(s.c.other, s.c.foreign))),
    ),
    attack("principal_writes_the_roster", "校长改花名册", "a principal writes in the roster", 5, Check::WriterRole, |_| {
        in_place_of("principal", |s| (ledger_of(s.c.school), DocId::of(s.c.school, Kind::Roster)))
    }),
    attack(
        "clerk_writes_a_review",
        "县里的经办人冒充审核员",
        "a county's clerk writes in a review",
        5,
        Check::WriterRole,
        |_| in_place_of("county-clerk", |s| (ledger_of(s.c.county), review(s.c.county, s.c.school))),
    ),
    attack(
        "reviewer_writes_the_registry",
        "审核员自己往登记册里写, 给自己授权",
        "a reviewer writes in the registry, to grant herself",
        5,
        Check::WriterRole,
        |_| in_place_of("reviewer", |s| (review(s.c.county, s.c.school), registry(s.c.county))),
    ),
    attack("auditor_writes", "审计员写台账", "an auditor writes a ledger", 5, Check::WriterRole, |_| {
        any_grant("auditor", |s| ledger_of(s.c.county))
    }),
    attack("node_writes", "用装机的节点密钥写台账", "a node's key writes a ledger", 5, Check::WriterRole, |_| {
        any_grant("node", |s| ledger_of(s.c.county))
    }),
    attack("admin_writes_a_policy", "管理员发布政策", "an admin publishes a policy", 5, Check::WriterRole, |_| {
        any_grant("city-admin", |s| DocId::of(s.w().city, Kind::Policy))
    }),
    attack(
        "township_certifies",
        "给乡镇中心校设管理员",
        "gives a township an admin, so that it certifies",
        9,
        Check::OfficeRoles,
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("admin", s.c.county, &s.w().grant_row("somebody", Role::Admin, s.c.township)))
        },
    ),
    attack(
        "claims_anothers_school",
        "在自己的登记册里占用别县学校的编号",
        "a county claims another county's school by its id",
        9,
        Check::OrgId,
        |_| {
            let s = Scene::new();
            let row = Org { org: s.c.school, ..new_org("x", OrgKind::School).row(s.c.other, DAY) };
            s.offer(&s.registry_row("other-admin", s.c.other, &row))
        },
    ),
    attack(
        "circle_of_organisations",
        "把上级登记成自己的下级, 造成循环",
        "creates its own parent below itself: a circle",
        9,
        Check::OrgId,
        |_| {
            let s = Scene::new();
            let row = Org { org: s.w().city, ..new_org("x", OrgKind::School).row(s.c.county, DAY) };
            s.offer(&s.registry_row("admin", s.c.county, &row))
        },
    ),
    attack(
        "creates_under_another",
        "在别县名下设学校",
        "creates a school under another county",
        9,
        Check::OrgParent,
        |_| {
            let s = Scene::new();
            let row = Org { parent: s.c.county, ..new_org("x", OrgKind::School).row(s.c.other, DAY) };
            s.offer(&s.registry_row("other-admin", s.c.other, &row))
        },
    ),
    attack(
        "creates_a_city",
        "县里登记一个市, 想越级",
        "a county creates a city below itself",
        9,
        Check::OrgOrder,
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("admin", s.c.county, &new_org("x", OrgKind::City).row(s.c.county, DAY)))
        },
    ),
    Attack {
        name: "renames_anothers_school",
        theme: Theme::Grants,
        zh: "改别县学校的登记",
        en: "a county describes another county's school anew",
        ends: Outcome::NoEffect,
        check: Removal::Off(Check::OrgPlace),
        run: |_| {
            let mut s = Scene::new();
            let row = Org { random: None, name: "被改".into(), ..s.w().ledger().registry.orgs[&s.c.school].current().clone() };
            let entry = s.registry_row("other-admin", s.c.other, &row);
            s.c.w.take(entry);
            let now = &s.w().ledger().registry.orgs[&s.c.school];
            if now.current().name == row.name { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    },
    attack(
        "replaces_another_schools_description",
        "以一校的登记顶替另一校的登记",
        "a county lets the description of one school replace that of another",
        9,
        Check::OrgChange,
        |_| {
            let s = Scene::new();
            let orgs = &s.w().ledger().registry.orgs;
            let row = Org { random: None, ..orgs[&s.c.school].current().clone() }.to_fields();
            let other = here(orgs[&s.c.second].creation.name.entry);
            s.offer(&s.draft("admin", registry(s.c.county)).payload(|p| _ = p.row(Org::TYPE, &[other], &row)).sign())
        },
    ),
    attack(
        "grant_on_another_basis",
        "学校员工的授权以县的登记行为依据, 骗得县里才有的角色",
        "rests a grant at a school on the county's creation, for a role that schools do not have",
        9,
        Check::GrantBasis,
        |_| {
            let s = Scene::new();
            let row = taizhang_core::rows::Grant {
                basis: s.w().basis(s.c.county),
                ..s.w().grant_row("somebody", Role::Reviewer, s.c.school)
            };
            s.offer(&s.registry_row("admin", s.c.county, &row))
        },
    ),
    attack(
        "grants_above_itself",
        "县管理员授予市级角色",
        "a county's admin gives a role in the city",
        9,
        Check::GrantScope,
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("admin", s.c.county, &s.w().grant_row("somebody", Role::Reviewer, s.w().city)))
        },
    ),
    attack(
        "grants_in_anothers_school",
        "给自己人授予别县学校的角色",
        "a county's admin gives a role in another county's school",
        9,
        Check::GrantScope,
        |_| {
            let s = Scene::new();
            s.offer(&s.registry_row("other-admin", s.c.other, &s.w().grant_row("somebody", Role::Clerk, s.c.school)))
        },
    ),
    attack(
        "forged_invite",
        "没有邀请密钥, 伪造一次使用",
        "uses an invite without its key",
        5,
        Check::Bug(Planted::GrantKeyUnchecked),
        |_| {
            let s = Scene::new();
            let mut d = s.use_of(|_| ());
            d.header.log.key = key("thief");
            d.signer = "thief".into();
            s.offer(&d.sign())
        },
    ),
    attack(
        "invite_for_another_role",
        "用台账员的邀请取得校长角色",
        "takes another role than the invite gives",
        6,
        Check::OneUseContent,
        |_| bent(|s| s.use_of(|g| g[0].role = Role::Principal)),
    ),
    attack(
        "invite_for_another_office",
        "用邀请取得另一岗位",
        "takes another office than the invite gives",
        6,
        Check::OneUseContent,
        |_| bent(|s| s.use_of(|g| g[0].office = Some(OfficeCode::Hr))),
    ),
    attack(
        "invite_for_another_school",
        "用邀请进入别的学校",
        "joins another organisation than the invite names",
        6,
        Check::OneUseContent,
        |_| {
            bent(|s| {
                let (org, basis) = (s.c.second, s.w().basis(s.c.second));
                s.use_of(|g| (g[0].org, g[0].basis) = (org, basis))
            })
        },
    ),
    attack("chained_invite", "用邀请再发邀请", "makes a further invite out of an invite", 6, Check::OneUseContent, |_| {
        bent(|s| s.use_of(|g| g[0].one_use = true))
    }),
    attack(
        "invite_brings_friends",
        "一张邀请带进两个人",
        "brings in two persons with one invite",
        6,
        Check::OneUseContent,
        |_| bent(|s| s.use_of(|g| g[1] = g[0].clone())),
    ),
    attack(
        "invite_goes_on",
        "邀请用过以后继续用它的密钥写",
        "goes on writing with the key of a used invite",
        4,
        Check::OneUseOnce,
        |_| {
            let mut s = Scene::new();
            let first = s.c.w.join(&s.invite, "guest");
            let mut d = s.use_of(|_| ());
            d.header.log.run = ONE_USE_RUN;
            (d.header.sequence, d.header.before) = (2, Before::Previous(first));
            s.offer(&d.sign())
        },
    ),
    attack(
        "county_replaces_a_schools_row",
        "县审核员以一行“替换”学校的记录",
        "a reviewer replaces a row of a school's ledger by one of her own",
        7,
        Check::ReplacesHere,
        |_| replaces("reviewer", |s| (review(s.c.county, s.c.school), here(s.row).entry, ledger_of(s.c.school))),
    ),
    attack(
        "school_replaces_anothers_row",
        "学校替换别校的记录",
        "a school replaces another school's row",
        7,
        Check::ReplacesHere,
        |_| replaces("clerk", |s| (ledger_of(s.c.school), here(s.elsewhere).entry, ledger_of(s.c.second))),
    ),
    attack(
        "review_replaces_another_subjects",
        "在一校的审核里撤销另一校的审核",
        "replaces a decision about another school",
        7,
        Check::ReplacesHere,
        |_| {
            replaces("reviewer", |s| {
                (review(s.c.county, s.c.school), here(s.second_review).entry, review(s.c.county, s.c.second))
            })
        },
    ),
    attack(
        "county_overrules_the_city",
        "县替换市的决定",
        "a county replaces the city's decision",
        7,
        Check::ReplacesBelow,
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
