//! Numbers of records and hours as people wrote them, before any rule.

use std::collections::BTreeMap;

use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    rows::ActivityKind,
    view::training::Line,
};

/// Numbers of records and hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Lines that count.
    pub records: u64,
    /// Of these, the approved.
    pub approved: u64,
    /// Hours as written.
    pub recorded_h100: u64,
    /// Of these, the approved.
    pub approved_h100: u64,
}

impl Counted {
    fn add(&mut self, line: &Line) {
        let (h100, approved) = (u64::from(line.record.h100()), u64::from(line.approval.is_approved()));
        self.records += 1;
        self.approved += approved;
        self.recorded_h100 += h100;
        self.approved_h100 += h100 * approved;
    }

    /// With their names, in order.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("records", self.records),
            ("approved", self.approved),
            ("recorded_h100", self.recorded_h100),
            ("approved_h100", self.approved_h100),
        ]
    }

    fn write(&self, w: &mut Writer) {
        self.named().iter().for_each(|(_, n)| {
            w.uint(*n);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        Ok(Self { records: r.uint()?, approved: r.uint()?, recorded_h100: r.uint()?, approved_h100: r.uint()? })
    }
}

/// The same, in all and by kind (its number; 0 = not known).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In all.
    pub all: Counted,
    /// By kind; only kinds with a line.
    pub by_kind: BTreeMap<u64, Counted>,
}

impl Tally {
    pub(crate) fn add(&mut self, line: &Line) {
        self.all.add(line);
        self.by_kind.entry(line.kind.map_or(0, ActivityKind::number)).or_default().add(line);
    }

    /// `[records, approved, recorded h100, approved h100, [[kind, …the same four]…]]`
    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(5);
        self.all.write(w);
        w.array(self.by_kind.len() as u64);
        for (kind, counted) in &self.by_kind {
            w.array(5).uint(*kind);
            counted.write(w);
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(5)?;
        let all = Counted::read(r)?;
        let mut by_kind: BTreeMap<u64, Counted> = BTreeMap::new();
        for _ in 0..r.array()? {
            let at = r.position();
            r.array_of(5)?;
            let kind = r.uint()?;
            if by_kind.last_key_value().is_some_and(|(last, _)| *last >= kind) {
                return Err(CborError { at, what: "kinds not sorted or not unique" });
            }
            by_kind.insert(kind, Counted::read(r)?);
        }
        Ok(Self { all, by_kind })
    }

    /// Every number by name; kinds as `recorded_h100.online`.
    pub(crate) fn named(&self) -> Vec<(String, i64)> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut out: Vec<(String, i64)> = self.all.named().into_iter().map(|(n, v)| (n.to_owned(), number(v))).collect();
        for (kind, counted) in &self.by_kind {
            out.extend(counted.named().into_iter().map(|(n, v)| (format!("{n}.{}", kind_word(*kind)), number(v))));
        }
        out
    }
}

/// The word of a kind's number.
#[must_use]
pub fn kind_word(number: u64) -> String {
    match (number, ActivityKind::from_number(number)) {
        (0, _) => "unknown".to_owned(),
        (_, Some(kind)) => kind.word().to_owned(),
        (n, None) => format!("kind_{n}"),
    }
}
