//! What rows and registers may replace.
use super::*;

#[test]
fn what_rows_and_registers_replace() {
    run_table(&[
        ("a row of the same document", |s| s.clerk().payload(|p| _ = p.row(PLAN, &[here(s.row)], &FIELDS)).sign(), "admitted"),
        ("unknown", |s| s.clerk().payload(|p| _ = p.row(PLAN, &[here(s.nobody)], &FIELDS)).sign(), "missing"),
        (
            "a row of another document as if it were here",
            |s| s.clerk().payload(|p| _ = p.row(PLAN, &[here(s.elsewhere)], &FIELDS)).sign(),
            "replaces",
        ),
        ("a row of another document", |s| in_document(s.clerk(), s.elsewhere, ledger_of(s.c.second)), "replaces"),
        ("this document by its name", |s| in_document(s.clerk(), s.row, ledger_of(s.c.school)), "replaces"),
        ("itself", |s| s.clerk().payload(|p| _ = p.row(PLAN, &[RowRef::own(0)], &FIELDS)).sign(), "replaces"),
        ("a register", |s| s.clerk().payload(|p| _ = p.row(PLAN, &[here(s.register)], &FIELDS)).sign(), "replaces"),
        (
            "no such operation",
            |s| s.clerk().payload(|p| _ = p.row(PLAN, &[RowName { entry: s.row, index: 1 }.here()], &FIELDS)).sign(),
            "replaces",
        ),
        (
            "a review below, by the city",
            |s| {
                in_document(
                    s.draft("city-reviewer", review(s.w().city, s.c.school)),
                    s.county_review,
                    review(s.c.county, s.c.school),
                )
            },
            "admitted",
        ),
        (
            "a review above, by the county",
            |s| in_document(s.draft("reviewer", review(s.c.county, s.c.school)), s.city_review, review(s.w().city, s.c.school)),
            "replaces",
        ),
        (
            "a neighbour's review",
            |s| {
                in_document(
                    s.draft("other-reviewer", review(s.c.other, s.c.school)),
                    s.county_review,
                    review(s.c.county, s.c.school),
                )
            },
            "replaces",
        ),
        (
            "a review of another subject",
            |s| {
                in_document(
                    s.draft("city-reviewer", review(s.w().city, s.c.school)),
                    s.second_review,
                    review(s.c.county, s.c.second),
                )
            },
            "replaces",
        ),
        (
            "a review's row named in another review",
            |s| {
                in_document(
                    s.draft("city-reviewer", review(s.w().city, s.c.school)),
                    s.second_review,
                    review(s.c.county, s.c.school),
                )
            },
            "replaces",
        ),
        (
            "an unknown review below",
            |s| in_document(s.draft("city-reviewer", review(s.w().city, s.c.school)), s.nobody, review(s.c.county, s.c.school)),
            "missing",
        ),
        (
            "a ledger's row by a review",
            |s| in_document(s.draft("reviewer", review(s.c.county, s.c.school)), s.row, ledger_of(s.c.school)),
            "replaces",
        ),
        ("a register", |s| register(s, "a.b", &[s.register]), "admitted"),
        ("a register of another key", |s| register(s, "x.y", &[s.register]), "replaces"),
        ("a register of an entry without registers", |s| register(s, "a.b", &[s.row]), "replaces"),
        ("a register of another document", |s| register(s, "a.b", &[s.elsewhere]), "replaces"),
        ("a register of an unknown entry", |s| register(s, "a.b", &[s.nobody]), "missing"),
        ("one wrong of two", |s| register(s, "a.b", &[s.register, s.row]), "replaces"),
        (
            "a register twice",
            |s| {
                s.clerk()
                    .payload(|p| {
                        p.register("a.b", &[1], &[]);
                        p.row(PLAN, &[], &FIELDS);
                        p.register("a.b", &[2], &[]);
                    })
                    .sign()
            },
            "register twice",
        ),
    ]);
}

fn in_document(d: Draft, entry: EntryId, document: DocId) -> SignedEntry {
    d.payload(|p| _ = p.row(PLAN, &[RowName { entry, index: 0 }.in_document(document)], &FIELDS)).sign()
}

fn register(s: &Scene, key: &str, replaces: &[EntryId]) -> SignedEntry {
    s.clerk().payload(|p| _ = p.register(key, &[1], replaces)).sign()
}
