//! What invites' keys and admins write into registries.
use super::*;

#[test]
fn one_use_keys() {
    run_table(&[
        ("person and node", |s| s.use_of(|_| ()).sign(), "admitted"),
        ("the person alone", |s| s.use_of(|g| _ = g.pop()).sign(), "admitted"),
        ("used twice: a fork", |s| s.w().use_of(&s.used, "thief"), "admitted"),
        ("another run", |s| s.use_of(|_| ()).run(run(5)).sign(), "role"),
        (
            "sequence 2",
            |s| {
                let log = one_use_log(s.c.county, "used code");
                let first = s.w().ledger().at(&log, 1)[0];
                let mut d = s.use_of(|_| ());
                d.header.log = log;
                d.header.sequence = 2;
                d.header.before = Before::Previous(first);
                d.signer = "used code".into();
                d.sign()
            },
            "continuity",
        ),
        (
            "a link",
            |s| {
                let first = s.w().ledger().at(&one_use_log(s.c.county, "used code"), 1)[0];
                let mut d = s.use_of(|_| ()).run(run(5)).start(Some(s.used.grant), Some(first));
                d.header.log.key = key("used code");
                d.signer = "used code".into();
                d.sign()
            },
            "role",
        ),
        (
            "another row behind",
            |s| {
                let d = s.use_of(|_| ());
                let grants = [s.grant(Role::Clerk, s.c.school).to_fields()];
                d.payload(|p| {
                    grants.iter().for_each(|g| _ = p.row(Grant::TYPE, &[], g));
                    p.row(PLAN, &[], &FIELDS);
                })
                .sign()
            },
            "one use",
        ),
        ("a register", |s| s.use_of(|_| ()).payload(|p| _ = p.register("a.b", &[1], &[])).sign(), "one use"),
        ("no grant", |s| s.use_of(|_| ()).payload(|p| _ = p.row(PLAN, &[], &FIELDS)).sign(), "one use"),
        ("a third grant", |s| s.use_of(|g| g.push(g[1].clone())).sign(), "one use"),
        ("two persons", |s| s.use_of(|g| g[1] = g[0].clone()).sign(), "one use"),
        (
            "another organisation",
            |s| {
                s.use_of(|g| {
                    g[0].org = s.c.second;
                    g[0].basis = s.w().basis(s.c.second);
                })
                .sign()
            },
            "one use",
        ),
        ("a node of another organisation", |s| s.use_of(|g| g[1].org = s.c.second).sign(), "one use"),
        ("another basis", |s| s.use_of(|g| g[0].basis = s.w().basis(s.c.second)).sign(), "one use"),
        ("another role", |s| s.use_of(|g| g[0].role = Role::Principal).sign(), "one use"),
        ("another office", |s| s.use_of(|g| g[0].office = Some(OfficeCode::Hr)).sign(), "one use"),
        ("a further invite", |s| s.use_of(|g| g[0].one_use = true).sign(), "one use"),
        (
            "a grant that replaces",
            |s| {
                let g = s.grant(Role::Clerk, s.c.school).to_fields();
                s.use_of(|_| ()).payload(|p| _ = p.row(Grant::TYPE, &[here(s.used.grant.entry)], &g)).sign()
            },
            "one use",
        ),
        (
            "into the school's ledger",
            |s| {
                let mut d = s.use_of(|_| ());
                d.header.log.document = ledger_of(s.c.school);
                d.sign()
            },
            "role",
        ),
        (
            "into another registry",
            |s| {
                let mut d = s.use_of(|_| ());
                d.header.log.document = registry(s.c.other);
                d.sign()
            },
            "role",
        ),
        (
            "by another key",
            |s| {
                let mut d = s.use_of(|_| ());
                d.header.log.key = key("thief");
                d.signer = "thief".into();
                d.sign()
            },
            "role",
        ),
    ]);
}

#[test]
fn registry_rows() {
    run_table(&[
        (
            "a registry row by a clerk",
            |s| {
                s.draft("county-clerk", registry(s.c.county))
                    .start(s.w().grant_in("county-clerk", ledger_of(s.c.county)), None)
                    .sign()
            },
            "role",
        ),
        ("a new school", |s| s.admin_creates(&new_org("x", OrgKind::School).row(s.c.county, DAY)), "admitted"),
        (
            "an id that is not derived",
            |s| s.admin_creates(&Org { org: OrgId([1; 8]), ..new_org("x", OrgKind::School).row(s.c.county, DAY) }),
            NOT_DERIVED,
        ),
        (
            "the id of another's school",
            |s| s.admin_creates(&Org { org: s.c.foreign, ..new_org("x", OrgKind::School).row(s.c.county, DAY) }),
            NOT_DERIVED,
        ),
        ("under another county", |s| s.admin_creates(&new_org("x", OrgKind::School).row(s.c.other, DAY)), NOT_DERIVED),
        ("a county under a county", |s| s.admin_creates(&new_org("x", OrgKind::County).row(s.c.county, DAY)), NOT_BELOW),
        ("a province under a county", |s| s.admin_creates(&new_org("x", OrgKind::Province).row(s.c.county, DAY)), NOT_BELOW),
        (
            "a school under the root",
            |s| {
                let root = s.w().root;
                let row = new_org("x", OrgKind::School).row(root, DAY).to_fields();
                s.draft("root", registry(root)).payload(|p| _ = p.row(Org::TYPE, &[], &row)).sign()
            },
            NOT_BELOW,
        ),
        ("an unreadable organisation", |s| s.admin_row(Org::TYPE, &[], &FIELDS), "organisation not readable"),
        ("an unreadable grant", |s| s.admin_row(Grant::TYPE, &[], &FIELDS), "grant not readable"),
        ("an unreadable burn is a newer version's", |s| s.admin_row(4, &[], &FIELDS), "admitted"),
        ("a change", |s| s.admin_row(Org::TYPE, &[s.created(s.c.school).here()], &s.change(s.c.school, |_| ())), "admitted"),
        (
            "a change that replaces nothing: it counts for nothing",
            |s| s.admin_row(Org::TYPE, &[], &s.change(s.c.school, |_| ())),
            "admitted",
        ),
        (
            "a move of what this registry need not know",
            |s| s.admin_row(Org::TYPE, &[], &s.change(s.c.school, |o| o.org = OrgId([1; 8]))),
            "admitted",
        ),
        (
            "a move of a county by a county",
            |s| s.admin_row(Org::TYPE, &[], &s.change(s.c.other, |o| o.parent = s.c.county)),
            NOT_BELOW,
        ),
        (
            "a change that replaces another's row",
            |s| s.admin_row(Org::TYPE, &[s.created(s.c.second).here()], &s.change(s.c.school, |_| ())),
            NOT_CHANGED,
        ),
        (
            "a change of what it is",
            |s| s.admin_row(Org::TYPE, &[s.created(s.c.school).here()], &s.change(s.c.school, |o| o.kind = OrgKind::Township)),
            NOT_CHANGED,
        ),
        (
            "a change of another registry's organisation",
            |s| s.admin_row(Org::TYPE, &[s.created(s.c.school).here()], &s.change(s.c.foreign, |_| ())),
            NOT_CHANGED,
        ),
        (
            "a change of an unknown organisation",
            |s| s.admin_row(Org::TYPE, &[s.created(s.c.school).here()], &s.change(s.c.school, |o| o.org = OrgId([1; 8]))),
            NOT_CHANGED,
        ),
        ("a grant", |s| s.admin_grants(&s.grant(Role::Clerk, s.c.school)), "admitted"),
        ("a grant for the county itself", |s| s.admin_grants(&s.grant(Role::Reviewer, s.c.county)), "admitted"),
        (
            "a school with its clerk in one entry",
            |s| {
                let org = new_org("x", OrgKind::School).row(s.c.county, DAY);
                let grant = Grant { org: org.org, basis: RowRef::own(0), ..s.grant(Role::Clerk, s.c.school) };
                s.draft("admin", registry(s.c.county))
                    .payload(|p| {
                        p.row(Org::TYPE, &[], &org.to_fields());
                        p.row(Grant::TYPE, &[], &grant.to_fields());
                    })
                    .sign()
            },
            "admitted",
        ),
        (
            "a grant that stands before its organisation",
            |s| {
                let org = new_org("x", OrgKind::School).row(s.c.county, DAY);
                let grant = Grant { org: org.org, basis: RowRef::own(1), ..s.grant(Role::Clerk, s.c.school) };
                s.draft("admin", registry(s.c.county))
                    .payload(|p| {
                        p.row(Grant::TYPE, &[], &grant.to_fields());
                        p.row(Org::TYPE, &[], &org.to_fields());
                    })
                    .sign()
            },
            NO_BASIS,
        ),
        (
            "a grant resting on another organisation's row",
            |s| s.admin_grants(&Grant { basis: s.w().basis(s.c.second), ..s.grant(Role::Clerk, s.c.school) }),
            NO_BASIS,
        ),
        (
            "a grant resting on a grant",
            |s| s.admin_grants(&Grant { basis: s.used.grant.here(), ..s.grant(Role::Clerk, s.c.school) }),
            NO_BASIS,
        ),
        (
            "a grant resting on nothing known",
            |s| s.admin_grants(&Grant { basis: here(s.nobody), ..s.grant(Role::Clerk, s.c.school) }),
            "missing",
        ),
        ("a grant for an organisation of another registry", |s| s.admin_grants(&s.grant(Role::Clerk, s.c.foreign)), NOT_MINE),
        ("a grant for the county above", |s| s.admin_grants(&s.grant(Role::Clerk, s.w().city)), NOT_MINE),
        (
            "a city's grant in a county's school",
            |s| {
                let g = s.grant(Role::Clerk, s.c.school).to_fields();
                s.draft("city-admin", registry(s.w().city)).payload(|p| _ = p.row(Grant::TYPE, &[], &g)).sign()
            },
            NOT_MINE,
        ),
        ("an admin of a township", |s| s.admin_grants(&s.grant(Role::Admin, s.c.township)), NO_ROLE),
        ("a policy officer of a county", |s| s.admin_grants(&s.grant(Role::PolicyOfficer, s.c.county)), NO_ROLE),
        (
            "rows 1 and 2 mean nothing outside of registries",
            |s| s.clerk().payload(|p| _ = p.row(Grant::TYPE, &[], &FIELDS)).sign(),
            "admitted",
        ),
        (
            "a successor of the root statement that replaces nothing",
            |s| {
                let (row, _) = root_statement(vec![key("root")], 1);
                let row = RootStatement { number: 1, ..row }.to_fields();
                s.draft("root", registry(s.w().root)).payload(|p| _ = p.row(RootStatement::TYPE, &[], &row)).sign()
            },
            NO_PREDECESSOR,
        ),
        (
            "a root statement by an admin",
            |s| s.admin_row(RootStatement::TYPE, &[], &root_statement(vec![key("admin")], 1).0.to_fields()),
            SUCCESSOR,
        ),
    ]);
}
