//! What lies on the reviewer's desk: the lines of the schools below, and every decision about each row.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    ledger::Ledger,
    op::RowName,
    rows::{Decision, DecisionTarget, Elsewhere, Import, OrgKind, Registration, RowType, Sheet, Teacher},
    view::{
        DocumentView, ViewRow,
        decision::Approval,
        training::{ActivityMatter, Book, Line, LineFinding, Record},
    },
};

use taizhang_rules::{
    case::Seat,
    gather::{Auditors, Facts},
};

use super::{
    super::{Context, shown},
    decide::{Chosen, Whole},
};
use crate::{
    core::Core,
    error::{CommandError, ErrorKind},
};

/// Lines and decisions.
pub(super) struct Desk {
    views: Vec<DocumentView>,
    pub(super) book: Book,
    /// Counting decisions by the row they name, also those that others replace in part.
    on: BTreeMap<RowName, BTreeSet<(DocId, RowName)>>,
    line_of: BTreeMap<RowName, usize>,
    /// Approved lines by what they are about.
    approved: BTreeMap<About, Vec<usize>>,
}

/// School, matter, teacher.
type About = (OrgId, String, String);

fn about(line: &Line) -> About {
    (line.school, line.natural_id.clone(), line.record.teacher().to_owned())
}

impl Desk {
    pub(super) fn of(core: &Core) -> Result<Self, CommandError> {
        let views = shown::views(core, |d| matches!(d.kind, Kind::Roster | Kind::Notice | Kind::Ledger | Kind::Review))?;
        let book = Book::build(&views, core.ledger());
        let (mut line_of, mut approved): (BTreeMap<_, _>, BTreeMap<About, Vec<usize>>) = Default::default();
        for (n, line) in book.lines.iter().enumerate() {
            line_of.extend(line.hands.iter().map(|h| (*h, n)));
            if line.approval.is_approved() {
                approved.entry(about(line)).or_default().push(n);
            }
        }
        let mut desk = Self { views, book, on: BTreeMap::new(), line_of, approved };
        desk.on = desk.decisions(core.ledger());
        Ok(desk)
    }

    fn decisions(&self, ledger: &Ledger) -> BTreeMap<RowName, BTreeSet<(DocId, RowName)>> {
        let mut on: BTreeMap<RowName, BTreeSet<(DocId, RowName)>> = BTreeMap::new();
        for view in self.views.iter().filter(|v| v.document.kind == Kind::Review && ledger.registry.decides(&v.document)) {
            for row in view.rows.values().filter(|r| view.counts(r)) {
                let Some(decision) = row.read::<Decision>() else { continue };
                for target in self.targets(&decision.row.target, row.name.entry) {
                    on.entry(target).or_default().insert((view.document, row.name));
                }
            }
        }
        on
    }

    fn targets(&self, target: &DecisionTarget, from: EntryId) -> Vec<RowName> {
        let all = |document: &DocId, entry| self.registrations(document, entry).map(|r| r.name).collect::<Vec<_>>();
        match target {
            DecisionTarget::Rows { document, rows } => rows
                .iter()
                .flat_map(|(entry, indices)| {
                    let named = indices.iter().map(|i| RowName { entry: *entry, index: *i }).collect();
                    if indices.is_empty() { all(document, *entry) } else { named }
                })
                .collect(),
            DecisionTarget::Sheet { sheet, .. } => sheet.document.map(|d| all(&d, sheet.resolve(from).entry)).unwrap_or_default(),
        }
    }

    /// On how many registrations a row of a review decides; a decision on a plan is one.
    pub(super) fn decides_on(&self, row: &ViewRow) -> usize {
        row.read::<Decision>().map_or(1, |p| self.targets(&p.row.target, row.name.entry).len())
    }

    /// Every decision on this content, whichever hand it names.
    pub(super) fn decisions_on(&self, name: RowName) -> BTreeSet<(DocId, RowName)> {
        let hands = self.line(name).map_or_else(|| vec![name], |l| l.hands.clone());
        hands.iter().filter_map(|h| self.on.get(h)).flatten().copied().collect()
    }

    /// Decisions that approve something else about the same teacher and activity: approving this must replace them.
    pub(super) fn approvals_beside(&self, name: RowName) -> BTreeSet<(DocId, RowName)> {
        let Some(line) = self.line(name) else { return BTreeSet::new() };
        let approved = self.approved.get(&about(line)).into_iter().flatten().filter_map(|n| self.book.lines.get(*n));
        let others = approved.filter(|l| l.hands != line.hands);
        others.filter_map(|l| l.hands.first()).flat_map(|h| self.decisions_on(*h)).collect()
    }

    pub(super) fn views(&self) -> &[DocumentView] {
        &self.views
    }

    pub(super) fn line(&self, name: RowName) -> Option<&Line> {
        self.line_of.get(&name).and_then(|n| self.book.lines.get(*n))
    }

    fn view(&self, document: &DocId) -> Option<&DocumentView> {
        self.views.iter().find(|v| v.document == *document)
    }

    /// The rows of one entry.
    pub(super) fn rows_of(&self, document: &DocId, entry: EntryId) -> impl Iterator<Item = &ViewRow> {
        self.view(document).into_iter().flat_map(move |v| v.rows_of(entry))
    }

    /// The registrations of one entry: what an empty list of indices means.
    pub(super) fn registrations(&self, document: &DocId, entry: EntryId) -> impl Iterator<Item = &ViewRow> {
        self.rows_of(document, entry).filter(|r| matches!(r.row_type, Registration::TYPE | Elsewhere::TYPE))
    }

    /// What the school's sheet claims about the activity of a line.
    pub(super) fn claim(&self, line: &Line) -> String {
        match (&line.record, &line.activity) {
            (Record::Elsewhere(_), _) => "elsewhere".to_owned(),
            (_, ActivityMatter::Missing) => "activity_missing".to_owned(),
            (_, ActivityMatter::Undecided(_)) => "activity_undecided".to_owned(),
            _ => self.book.activity(line).and_then(|a| a.claimed_state.clone()).unwrap_or_else(|| "nothing".to_owned()),
        }
    }

    /// Lines that a lower office approved and that the policy wants audited by this city.
    fn wait_for_city(&self, core: &Core) -> Result<BTreeSet<RowName>, CommandError> {
        if core.ledger().registry.kind(core.org()) != Some(OrgKind::City) {
            return Ok(BTreeSet::new());
        }
        let policies = shown::views(core, |d| d.kind == Kind::Policy)?;
        let facts = Facts::read(&[self.views.as_slice(), &policies].concat(), core.ledger());
        let mut auditors = Auditors::new(&facts);
        let mut out = BTreeSet::new();
        for line in &self.book.lines {
            let (Approval::Approved { by }, Some(first)) = (&line.approval, line.hands.first()) else { continue };
            let is_ours = self.decisions_on(*first).iter().any(|(d, n)| n == by && d.owner == core.org());
            if !is_ours && auditors.of(line).is_some_and(|seat| seat > Seat::County) {
                out.insert(*first);
            }
        }
        Ok(out)
    }

    /// Everything pending whose activity claims to be approved; and how many rivals were left out. For a city also what a county approved and the city has to audit.
    pub(super) fn claimed(&self, c: &Context<'_>, scope: OrgId) -> Result<(Chosen, usize), CommandError> {
        let registry = &c.core.ledger().registry;
        let own = c.core.org();
        let (mut chosen, mut rivals) = (Chosen::default(), 0);
        let waits = self.wait_for_city(c.core)?;
        let for_us = |l: &&Line| l.approval == Approval::Pending || l.hands.first().is_some_and(|h| waits.contains(h));
        let pending = self.book.lines.iter().filter(for_us);
        for line in pending.filter(|l| l.school != own && [own, scope].iter().all(|o| registry.is_at_or_above(*o, l.school))) {
            if self.claim(line) != "approved" {
                continue;
            }
            if line.findings.contains(&LineFinding::Rival) {
                rivals += 1;
            } else if let Some(first) = line.hands.first() {
                chosen.row(line.document, *first);
            }
        }
        Ok((chosen, rivals))
    }

    /// The rows named `HEX.INDEX`, the hex as far as it is unambiguous; `HEX` alone where the entry holds one registration or a whole sheet.
    pub(super) fn rows(&self, c: &Context<'_>, named: &[String]) -> Result<Chosen, CommandError> {
        let mut chosen = Chosen::default();
        for text in named {
            let Some((hex, index)) = text.split_once('.') else {
                chosen.join(self.whole_entry(c, text)?);
                continue;
            };
            let entry = shown::find_entry(c.core, hex, |d| matches!(d.kind, Kind::Ledger | Kind::Roster))?;
            let name = RowName { entry, index: index.parse().map_err(|_| not_a_row(text))? };
            if let Some(roster) = self.teacher_row(name) {
                below(c, &roster)?;
                chosen.row(roster, name);
                continue;
            }
            let line = self.line(name).ok_or_else(|| self.none_for(text, entry))?;
            below(c, &line.document)?;
            chosen.row(line.document, name);
        }
        Ok(chosen)
    }

    /// The roster of a row 40.
    fn teacher_row(&self, name: RowName) -> Option<DocId> {
        let rosters = self.views.iter().filter(|v| v.document.kind == Kind::Roster);
        let holds = |v: &&DocumentView| v.rows.get(&name).is_some_and(|r| r.row_type == Teacher::TYPE);
        rosters.into_iter().find(holds).map(|v| v.document)
    }

    /// Rows 40 below this organisation that change an identity that it froze: teacher and row.
    pub(super) fn identities(&self, core: &Core, scope: OrgId) -> Vec<(String, OrgId, RowName)> {
        let facts = Facts::read(&self.views, core.ledger());
        let registry = &core.ledger().registry;
        let below = facts.teachers().filter(|t| registry.is_at_or_above(scope, t.school));
        below.flat_map(|t| t.identity_waits().iter().map(|row| (t.number.clone(), t.school, *row))).collect()
    }

    /// What an entry's id alone means: its only registration, or its sheet.
    fn whole_entry(&self, c: &Context<'_>, text: &str) -> Result<Chosen, CommandError> {
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(not_a_row(text));
        }
        let entry = shown::find_entry(c.core, text, |d| d.kind == Kind::Ledger)?;
        let document = c.core.ledger().place(&entry).map(|p| p.log.document).ok_or_else(|| no_registration(text))?;
        let names: Vec<RowName> = self.registrations(&document, entry).map(|r| r.name).collect();
        match names.as_slice() {
            [] => Err(no_registration(text)),
            [only] => {
                let line = self.line(*only).ok_or_else(|| self.none_for(text, entry))?;
                below(c, &line.document)?;
                let mut chosen = Chosen::default();
                chosen.row(line.document, *only);
                Ok(chosen)
            }
            _ if self.rows_of(&document, entry).any(|r| r.row_type == Sheet::TYPE) => self.sheet(c, text),
            _ => Err(not_a_row(text)),
        }
    }

    /// Why nothing of this entry can be decided on.
    fn none_for(&self, text: &str, entry: EntryId) -> CommandError {
        let error = no_registration(text);
        let is_late = self.views.iter().flat_map(|v| v.rows_of(entry)).any(|r| r.late);
        let (zh, en) =
            ("它在锁定后到达, 请先用 review accept 接受", "it arrived after the lock: accept it first (`review accept`)");
        if is_late { error.hint(zh, en) } else { error }
    }

    /// A sheet, or what one import brought: every entry of the document with the same sheet row, each by the digest of its bytes. An import row stands for the entries whose sheets came from its file, and for its own.
    pub(super) fn sheet(&self, c: &Context<'_>, named: &str) -> Result<Chosen, CommandError> {
        let entry = shown::find_entry(c.core, named, |d| d.kind == Kind::Ledger)?;
        let document = c.core.ledger().place(&entry).map(|p| p.log.document).ok_or_else(|| not_a_sheet(named))?;
        below(c, &document)?;
        let view = self.view(&document).ok_or_else(|| not_a_sheet(named))?;
        let rows: Vec<&ViewRow> = view.rows_of(entry).collect();
        let sheets: BTreeSet<&[u8]> = rows.iter().filter(|r| r.row_type == Sheet::TYPE).map(|r| r.fields.as_slice()).collect();
        let files: BTreeSet<[u8; 32]> = rows.iter().filter_map(|r| r.read::<Import>()).map(|p| p.row.file_sha256).collect();
        if sheets.is_empty() && files.is_empty() {
            return Err(not_a_sheet(named));
        }
        let of_file = |r: &ViewRow| r.read::<Sheet>().and_then(|p| p.row.source_file).is_some_and(|f| files.contains(&f));
        let is_same = |r: &ViewRow| r.row_type == Sheet::TYPE && (sheets.contains(r.fields.as_slice()) || of_file(r));
        let mut chosen = Chosen::default();
        for sheet in view.rows.values().filter(|r| view.counts(r) && is_same(r)) {
            let digest = view.payload_digest(&sheet.name.entry);
            let whole = digest.map_or(Whole::No, |digest| Whole::Sheet { index: sheet.name.index, digest });
            self.whole(&mut chosen, &document, sheet.name.entry, whole);
        }
        if !chosen.has(document, entry) {
            self.whole(&mut chosen, &document, entry, Whole::No);
        }
        if chosen.count() == 0 { Err(self.none_for(named, entry)) } else { Ok(chosen) }
    }

    fn whole(&self, chosen: &mut Chosen, document: &DocId, entry: EntryId, whole: Whole) {
        let in_time = self.registrations(document, entry).filter(|r| !r.late);
        let names: Vec<RowName> = in_time.map(|r| r.name).collect();
        if names.is_empty() {
            return;
        }
        names.into_iter().for_each(|n| chosen.row(*document, n));
        chosen.set_whole(*document, entry, whole);
    }
}

fn below(c: &Context<'_>, document: &DocId) -> Result<(), CommandError> {
    let (own, school) = (c.core.org(), document.concerns());
    if own != school && c.core.ledger().registry.is_at_or_above(own, school) {
        return Ok(());
    }
    let code = shown::org(c.core, school);
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("{code} 不归本机构审核"),
        format!("this organisation does not review {code}"),
    ))
}

fn not_a_row(text: &str) -> CommandError {
    CommandError::not_found(format!("{text} 不是记录编号"), format!("{text} is no row")).hint(
        "写法: 条目.序号, 例如 3fa2.1; 整张表用 --sheet",
        "written ENTRY.INDEX, such as 3fa2.1; for a whole sheet use --sheet",
    )
}

fn not_a_sheet(text: &str) -> CommandError {
    CommandError::not_found(format!("{text} 不是登记表"), format!("{text} holds no sheet and no import"))
        .hint("taizhang review list 列出登记表", "`taizhang review list` lists them")
}

fn no_registration(text: &str) -> CommandError {
    CommandError::not_found(format!("{text} 没有可审核的登记"), format!("{text} holds no registration that could be decided on"))
        .hint(
            "它可能已被更正; taizhang review list 列出待审登记",
            "it may have been corrected; `taizhang review list` lists what waits",
        )
}
