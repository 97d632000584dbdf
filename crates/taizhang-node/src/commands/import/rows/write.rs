//! What of the lines is new, and in which order it is written.
//!
//! The lines are put into the views of their documents under names of their own, and grouped as every view groups rows: what then folds with a row that is there is left out, what contradicts one stops the import.
//! A row that another line names or replaces is written in an earlier entry, so that its name is known.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use sha2::{Digest, Sha256};
use taizhang_core::{
    author::grant_for,
    cbor::Value,
    entries::Entries,
    id::{DocId, EntryId, PublicKey},
    ledger::row_ops,
    op::{self, PayloadBuilder, RowName, RowRef},
    rows::{self, Activity, RowInfo, RowType},
    standing::{Judge, Standing},
    view::{DocumentView, ViewRow, matter::Matters},
};

use super::{
    super::{announce, batch::Batch, place::Shelves},
    Files,
    read::{Line, What, fields_of},
};
use crate::{
    commands::{Context, fields::map_refs},
    core::Act,
    error::CommandError,
};

/// Bytes of operations in one entry, at most: an interrupted transfer resends whole entries.
const ENTRY_BYTES: usize = 8 * 1024;

/// A row to be written.
struct Fresh {
    at: (usize, u32),
    document: DocId,
    info: &'static RowInfo,
    values: Vec<Value>,
    /// Other lines by their provisional names, rows that are here by their own.
    replaces: Vec<RowName>,
}

/// A register to be written.
struct Field {
    at: (usize, u32),
    document: DocId,
    key: String,
    value: Vec<u8>,
}

/// What is written: rows by provisional name, and registers.
#[derive(Default)]
pub(super) struct Plan {
    rows: BTreeMap<RowName, Fresh>,
    /// In this order, each wave behind those that it names.
    waves: Vec<Vec<RowName>>,
    fields: Vec<Field>,
}

/// A line's place among all.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// No entry has it: a line's name until it is written.
fn provisional(n: usize) -> RowName {
    RowName { entry: EntryId(Sha256::digest(format!("a line that is not written yet {n}")).into()), index: 0 }
}

/// Finds what is new.
pub(super) fn plan(
    c: &Context<'_>,
    files: &mut Files,
    shelves: &mut Shelves,
    placed: Vec<(DocId, Line)>,
) -> Result<Plan, CommandError> {
    let old: BTreeMap<RowName, (RowName, DocId)> =
        placed.iter().enumerate().filter_map(|(n, (d, l))| Some((l.old?, (provisional(n), *d)))).collect();
    let mut plan = Plan::default();
    let lines: BTreeSet<RowName> = (0..placed.len()).map(provisional).collect();
    for (n, (document, line)) in placed.into_iter().enumerate() {
        match line.what {
            What::Register { key, value } => plan.fields.push(Field { at: line.at, document, key, value }),
            What::Row(info, values) => {
                let row = (line.at, line.old, line.replaces, info, values);
                if let Some(fresh) = fresh(c, files, &old, document, row)? {
                    plan.rows.insert(provisional(n), fresh);
                }
            }
        }
    }
    plan.leave_out_known(c, files)?;
    plan.leave_out_barred(c, files, shelves)?;
    plan.leave_out_orphans(files, &lines);
    plan.leave_out_known_fields(c, files)?;
    plan.order(files);
    for file in 0..files.reports.len() {
        let of_rows = plan.rows.values().filter(|r| r.at.0 == file).map(|r| r.document);
        let documents: BTreeSet<DocId> =
            of_rows.chain(plan.fields.iter().filter(|f| f.at.0 == file).map(|f| f.document)).collect();
        if let Some(report) = files.report(file) {
            report.documents = documents.iter().map(ToString::to_string).collect();
        }
    }
    Ok(plan)
}

type Row = ((usize, u32), Option<RowName>, Vec<RowName>, &'static RowInfo, Vec<Value>);

/// A line with its references to other lines by their provisional names.
fn fresh(
    c: &Context<'_>,
    files: &mut Files,
    old: &BTreeMap<RowName, (RowName, DocId)>,
    document: DocId,
    (at, own, replaces, info, values): Row,
) -> Result<Option<Fresh>, CommandError> {
    let mut missing = false;
    let mut change = |r: RowRef| {
        let Some(entry) = r.entry.or(own.map(|o| o.entry)) else {
            missing = true;
            return r;
        };
        let name = RowName { entry, index: r.index };
        match old.get(&name) {
            Some((new, there)) if *there == document => new.here(),
            Some((new, there)) => new.in_document(*there),
            None => {
                missing |= c.core.ledger().place(&entry).is_none();
                RowRef { entry: Some(entry), document: r.document.filter(|d| *d != document), ..r }
            }
        }
    };
    let shapes = rows::shapes(info.number);
    let values: Vec<Value> = values.into_iter().zip(&shapes).map(|(v, s)| map_refs(v, s, &mut change)).collect();
    if missing {
        let why = (
            "所引用的行不在此处, 也不在文件中; 到达后生效",
            "a row that it names is neither here nor in the file; it takes effect once that is here",
        );
        files.note(at, "target_missing", (why.0.into(), why.1.into()));
    }
    let operation = op::RowOp { row_type: info.number, replaces: Vec::new(), fields: &fields_of(&values) };
    for id in rows::attachments(&operation) {
        if c.core.store().attachment(&id).map_err(CommandError::storage)?.is_none() {
            let why = (format!("附件 {id} 不在此处; 请先同步"), format!("the attachment {id} is not here; sync first"));
            files.refuse(at, "attachment_missing", None, why);
            return Ok(None);
        }
    }
    let is_here = |n: &RowName| is_row_of(c, &document, n);
    let replaces: Vec<RowName> =
        replaces.iter().map(|r| old.get(r).filter(|(_, d)| *d == document).map_or(*r, |(new, _)| *new)).collect();
    let provisional: BTreeSet<RowName> = old.values().map(|(new, _)| *new).collect();
    if let Some(lost) = replaces.iter().find(|r| !provisional.contains(r) && !is_here(r)) {
        let why = (
            format!("所更正的行 {lost} 不在此文档, 也不在文件中; 请一并导入"),
            format!("the row {lost} that it replaces is neither in this document nor in the file; import it too"),
        );
        files.refuse(at, "replaces_missing", Some("replaces"), why);
        return Ok(None);
    }
    Ok(Some(Fresh { at, document, info, values, replaces }))
}

/// Is there such a row in an entry of this document?
fn is_row_of(c: &Context<'_>, document: &DocId, name: &RowName) -> bool {
    let is_in_document = c.core.ledger().place(&name.entry).is_some_and(|p| p.log.document == *document);
    is_in_document && c.core.entry(&name.entry).is_ok_and(|e| row_ops(&e).iter().any(|(n, _)| n == name))
}

impl Fresh {
    fn view_row(&self, name: RowName) -> ViewRow {
        ViewRow {
            name,
            row_type: self.info.number,
            fields: fields_of(&self.values),
            replaces: self.replaces.iter().map(|r| r.here()).collect(),
            author: PublicKey([0; 32]),
            grant: None,
            time: taizhang_core::units::Ms(0),
            standing: Standing::Stands,
            late: false,
        }
    }

    fn refs(&self, change: &mut dyn FnMut(RowRef) -> RowRef) -> Vec<Value> {
        let shapes = rows::shapes(self.info.number);
        self.values.iter().zip(&shapes).map(|(v, s)| map_refs(v.clone(), s, change)).collect()
    }

    /// The rows that it names or replaces.
    fn names(&self, own: RowName) -> BTreeSet<RowName> {
        let mut found: BTreeSet<RowName> = self.replaces.iter().copied().collect();
        self.refs(&mut |r| {
            found.insert(r.resolve(own.entry));
            r
        });
        found
    }
}

impl Plan {
    /// Takes out what folds with a row that is here, or with an earlier line; what names those names the rows here.
    fn leave_out_known(&mut self, c: &Context<'_>, files: &mut Files) -> Result<(), CommandError> {
        let documents: BTreeSet<DocId> = self.rows.values().map(|r| r.document).collect();
        let judge = Judge::new(c.core.ledger());
        let mut views = Vec::new();
        for document in &documents {
            let view = DocumentView::build(c.core.ledger(), &judge, *document, &c.core.entries_of(document)?);
            let mut view = view.without_locks();
            let of_document = self.rows.iter().filter(|(_, r)| r.document == *document);
            view.rows.extend(of_document.map(|(name, row)| (*name, row.view_row(*name))));
            views.push(view);
        }
        let matters = Matters::build(&views);
        let mut known: BTreeMap<RowName, RowName> = BTreeMap::new();
        let mut rivals = Vec::new();
        for (is_current, matter) in matters.iter().map(|m| (true, m)).chain(matters.replaced().map(|m| (false, m))) {
            for content in &matter.contents {
                let (new, here): (Vec<RowName>, Vec<RowName>) = content.rows.iter().partition(|n| self.rows.contains_key(n));
                let same = here.first().or(new.iter().min_by_key(|n| self.rows.get(n).map(|r| r.at))).copied();
                known.extend(new.iter().filter_map(|n| Some((*n, same.filter(|s| s != n)?))));
                let other =
                    |name: &RowName| is_current && here.is_empty() && matters.row(*name).is_some() && matter.contents.len() > 1;
                rivals.extend(new.iter().filter(|n| other(n)).map(|n| {
                    let is_here = |c: &taizhang_core::view::matter::Content| c.rows.iter().any(|r| !self.rows.contains_key(r));
                    (*n, matter.contents.iter().any(is_here))
                }));
            }
        }
        for (name, with_recorded) in rivals {
            let Some(at) = self.rows.get(&name).map(|r| r.at) else { continue };
            if with_recorded {
                files.refuse(
                    at,
                    "differs",
                    None,
                    (
                        "与已登记的内容不同, 未改动已登记的内容; 要更正请写明 replaces".into(),
                        "differs from what is recorded, which stays; to correct it name the row in `replaces`".into(),
                    ),
                );
                self.rows.remove(&name);
            } else {
                files.note(
                    at,
                    "rival",
                    (
                        "文件中另有一行内容不同; 都已导入, 须由人决定".into(),
                        "another line of the file says something else; both are imported, and wait for a person".into(),
                    ),
                );
            }
        }
        for name in known.keys() {
            if let Some(row) = self.rows.remove(name)
                && let Some(report) = files.report(row.at.0)
            {
                report.unchanged += 1;
            }
        }
        let last = |name: RowName| {
            std::iter::successors(Some(name), |n| known.get(n).copied()).take(known.len() + 1).last().unwrap_or(name)
        };
        for row in self.rows.values_mut() {
            row.replaces = row.replaces.iter().map(|r| last(*r)).collect();
            row.values = row.refs(&mut |r| {
                r.entry.map_or(r, |entry| {
                    let name = last(RowName { entry, index: r.index });
                    RowRef { entry: Some(name.entry), index: name.index, ..r }
                })
            });
        }
        Ok(())
    }

    /// Activities that are not for their document's owner to announce.
    fn leave_out_barred(&mut self, c: &Context<'_>, files: &mut Files, shelves: &mut Shelves) -> Result<(), CommandError> {
        let announced = shelves.activities(c.core, &[])?;
        self.rows.retain(|_, row| {
            let activity = (row.info.number == Activity::TYPE).then(|| Activity::from_fields(&fields_of(&row.values)));
            let activity = activity.and_then(Result::ok).map(|p| p.row);
            let barred = activity.and_then(|a| announce::barred(c.core, announced, &row.document, &a));
            let is_free = barred.is_none();
            if let Some((kind, why)) = barred {
                files.refuse(row.at, kind, None, why);
            }
            is_free
        });
        Ok(())
    }

    /// What names a line that is not written, and what names that: the name would be of nothing for ever.
    fn leave_out_orphans(&mut self, files: &mut Files, lines: &BTreeSet<RowName>) {
        loop {
            let is_gone = |n: &RowName| lines.contains(n) && !self.rows.contains_key(n);
            let orphans: Vec<RowName> =
                self.rows.iter().filter(|(name, row)| row.names(**name).iter().any(is_gone)).map(|(name, _)| *name).collect();
            if orphans.is_empty() {
                return;
            }
            for row in orphans.iter().filter_map(|name| self.rows.remove(name)) {
                let why = (
                    "所引用的行在文件中, 但未被接受; 先改正那一行".to_owned(),
                    "it names a line of the file that is refused; mend that one first".to_owned(),
                );
                files.refuse(row.at, "target_refused", None, why);
            }
        }
    }

    fn leave_out_known_fields(&mut self, c: &Context<'_>, files: &mut Files) -> Result<(), CommandError> {
        let mut kept: Vec<Field> = Vec::new();
        for field in std::mem::take(&mut self.fields) {
            let view = c.core.view(&field.document)?.without_locks();
            let there: BTreeSet<Vec<u8>> = view.register(&field.key).iter().map(|w| op::scalar(&w.value)).collect();
            let in_file = kept.iter().find(|f| f.document == field.document && f.key == field.key).map(|f| &f.value);
            if there.contains(&field.value) || in_file == Some(&field.value) {
                if let Some(report) = files.report(field.at.0) {
                    report.unchanged += 1;
                }
            } else if there.is_empty() && in_file.is_none() {
                kept.push(field);
            } else {
                let why = (
                    format!("{} 已有不同的内容; 用 taizhang describe 更改", field.key),
                    format!("{} has another value; change it with `taizhang describe`", field.key),
                );
                files.refuse(field.at, "differs", None, why);
            }
        }
        self.fields = kept;
        Ok(())
    }

    /// Waves: each row behind the rows that it names. What names itself in a circle cannot be written.
    fn order(&mut self, files: &mut Files) {
        let mut left: BTreeMap<RowName, BTreeSet<RowName>> = self.rows.iter().map(|(n, r)| (*n, r.names(*n))).collect();
        while !left.is_empty() {
            let is_free = |names: &BTreeSet<RowName>| names.iter().all(|n| !left.contains_key(n));
            let mut wave: Vec<RowName> = left.iter().filter(|(_, names)| is_free(names)).map(|(n, _)| *n).collect();
            if wave.is_empty() {
                for row in left.keys().filter_map(|n| self.rows.get(n)) {
                    let why = (
                        "这些行互相引用成环, 不能写入".to_owned(),
                        "these rows name each other in a circle and cannot be written".to_owned(),
                    );
                    files.refuse(row.at, "circle", None, why);
                }
                return;
            }
            left.retain(|n, _| !wave.contains(n));
            wave.sort_by_key(|n| self.rows.get(n).map(|r| (r.document, r.at)));
            self.waves.push(wave);
        }
    }

    /// One commit. The entries of a wave are signed to know the names of their rows, and signed again, to the same bytes, with the next.
    pub(super) fn write(&self, c: &mut Context<'_>, files: &mut Files) -> Result<(), CommandError> {
        if self.rows.is_empty() && self.fields.is_empty() {
            return Ok(());
        }
        let (person, now) = (c.person()?, c.core.now());
        self.may_write(c, files, person.key.public())?;
        let mut act = Act::default();
        let mut named: BTreeMap<RowName, RowName> = BTreeMap::new();
        let mut signed = Vec::new();
        for wave in &self.waves {
            let mut written: Vec<(RowName, usize, u16)> = Vec::new();
            let first = act.writes.len();
            let mut pages: Vec<(DocId, PayloadBuilder)> = Vec::new();
            for (name, row) in wave.iter().filter_map(|n| Some((n, self.rows.get(n)?))) {
                let new = |n: RowName| named.get(&n).copied().unwrap_or(n);
                let fields = fields_of(&row.refs(&mut |r| {
                    r.entry.map_or(r, |entry| {
                        let name = new(RowName { entry, index: r.index });
                        RowRef { entry: Some(name.entry), index: name.index, ..r }
                    })
                }));
                let replaces: Vec<RowRef> = row.replaces.iter().map(|r| new(*r).here()).collect();
                let fits = |(d, p): &(DocId, PayloadBuilder)| {
                    *d == row.document && p.len() < op::OPERATIONS_MAX && p.bytes() + fields.len() <= ENTRY_BYTES
                };
                if !pages.last().is_some_and(fits) {
                    pages.push((row.document, PayloadBuilder::default()));
                }
                let page = first + pages.len() - 1;
                if let Some((_, p)) = pages.last_mut() {
                    written.push((*name, page, p.row(row.info.number, &replaces, &fields)));
                }
            }
            pages.into_iter().for_each(|(d, p)| act.write(d, p));
            signed = c.core.sign_at(&person, &act, now)?;
            named.extend(
                written
                    .into_iter()
                    .filter_map(|(name, page, index)| Some((name, RowName { entry: signed.get(page)?.id, index }))),
            );
        }
        if !self.fields.is_empty() {
            self.write_fields(&mut act);
            signed = c.core.sign_at(&person, &act, now)?;
        }
        if let Err(error) = c.core.check_personal(&person, &act) {
            // Of the last act that was looked at: the line alone.
            let found = RefCell::new(error);
            let at = self.line_with(|act| c.core.check_personal(&person, act).map_err(|e| found.replace(e)).is_err());
            return Err(files.at(at, found.into_inner()));
        }
        c.core.store_entries(signed, Vec::new())?;
        for at in self.rows.values().map(|r| r.at).chain(self.fields.iter().map(|f| f.at)) {
            if let Some(report) = files.report(at.0) {
                report.imported += 1;
            }
        }
        if let Some(report) = files.report(0) {
            report.entries = act.writes.len();
        }
        Ok(())
    }

    /// Every line with its document.
    fn lines(&self) -> impl Iterator<Item = ((usize, u32), &DocId)> {
        self.rows.values().map(|r| (r.at, &r.document)).chain(self.fields.iter().map(|f| (f.at, &f.document)))
    }

    /// The key that acts must hold a grant for the document of every line.
    fn may_write(&self, c: &Context<'_>, files: &Files, key: PublicKey) -> Result<(), CommandError> {
        let documents: BTreeSet<&DocId> = self.lines().map(|(_, d)| d).collect();
        let barred: BTreeSet<&DocId> = documents.into_iter().filter(|d| grant_for(c.core.ledger(), key, d).is_none()).collect();
        let first = self.lines().filter(|(_, d)| barred.contains(d)).min_by_key(|(at, _)| *at);
        first.map_or(Ok(()), |(at, document)| Err(files.at(Some(at), c.core.may_not_write(document))))
    }

    /// The line with what an act may not hold.
    fn line_with(&self, is_bad: impl Fn(&Act) -> bool) -> Option<(usize, u32)> {
        let (mut batch, mut at) = (Batch::default(), Vec::new());
        for row in self.rows.values() {
            batch.row(row.document, number(at.len()), row.info.number, fields_of(&row.values));
            at.push(row.at);
        }
        for field in &self.fields {
            batch.register(field.document, number(at.len()), field.key.clone(), field.value.clone(), Vec::new());
            at.push(field.at);
        }
        batch.row_with(is_bad).and_then(|n| at.get(usize::try_from(n).ok()?)).copied()
    }

    fn write_fields(&self, act: &mut Act) {
        let mut pages: Vec<(DocId, PayloadBuilder)> = Vec::new();
        for field in &self.fields {
            let fits = |(d, p): &(DocId, PayloadBuilder)| {
                *d == field.document && p.len() < op::OPERATIONS_MAX && p.bytes() <= ENTRY_BYTES
            };
            if !pages.last().is_some_and(fits) {
                pages.push((field.document, PayloadBuilder::default()));
            }
            if let Some((_, p)) = pages.last_mut() {
                p.register(&field.key, &field.value, &[]);
            }
        }
        pages.into_iter().for_each(|(d, p)| act.write(d, p));
    }
}
