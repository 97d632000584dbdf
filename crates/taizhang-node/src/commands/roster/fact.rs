//! Rows 41: dated facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use taizhang_core::{
    op::RowName,
    rows::{RowType, Status},
    units::Day,
    view::DocumentView,
};
use taizhang_rules::case::Stage;

use super::{Asked, Draft, only};
use crate::error::CommandError;

/// Facts that a roster sheet brings: the word of the row, Chinese, English.
const FACTS: [(&str, &str, &str); 5] = [
    ("stage", "学段", "stage"),
    ("title", "职称", "title"),
    ("degree", "学历", "degree"),
    ("post", "岗位类别", "post"),
    ("head_teacher", "班主任", "head teacher"),
];

/// The current facts about a teacher: by what and first day, with all who say so.
pub(super) struct Facts(BTreeMap<(String, Day), Vec<(RowName, Status)>>);

impl Facts {
    pub(super) fn of(view: &DocumentView, teacher: &str) -> Self {
        let mut facts: BTreeMap<(String, Day), Vec<(RowName, Status)>> = BTreeMap::new();
        let read = view.current().into_iter().filter_map(|r| Some((r.name, r.read::<Status>()?.row)));
        for (name, status) in read.filter(|(_, s)| s.teacher == teacher) {
            facts.entry((status.what.clone(), status.from_day)).or_default().push((name, status));
        }
        Self(facts)
    }

    /// Values that were given, and days that follow a corrected day of hiring.
    pub(super) fn correct(&self, draft: &mut Draft, asked: &Asked<'_>, was_hired: &[Day]) -> Result<(), CommandError> {
        for (what, zh, en) in FACTS {
            let value = value(asked, what)?;
            let meant = value.as_ref().map(|_| self.meant(asked, what, (zh, en))).transpose()?;
            let hired = asked.hired.filter(|_| !was_hired.is_empty());
            let moved = hired.map(|to| (was_hired.iter().find(|d| self.moves(what, **d, to)).copied(), to));
            let touched: BTreeSet<Day> = meant.into_iter().chain(moved.and_then(|(from, _)| from)).collect();
            for at in touched {
                let value = value.clone().filter(|_| meant == Some(at));
                let to = moved.filter(|(from, _)| *from == Some(at)).map(|(_, to)| to);
                self.rewrite(draft, asked, ((what, zh, en), at), (value, to))?;
            }
        }
        Ok(())
    }

    fn days(&self, what: &str) -> impl Iterator<Item = Day> {
        self.0.keys().filter(move |(w, _)| w == what).map(|(_, day)| *day)
    }

    /// The first day of the fact that is meant.
    fn meant(&self, asked: &Asked<'_>, what: &str, (zh, en): (&str, &str)) -> Result<Day, CommandError> {
        let fits = |d: &Day| asked.since.is_none_or(|since| since == *d);
        self.days(what).filter(fits).max().ok_or_else(|| {
            let days: Vec<String> = self.days(what).map(|d| d.to_string()).collect();
            let days = days.join(", ");
            let error = CommandError::not_found(
                format!("花名册没有登记此教师的{zh}, 或没有从这一天起的"),
                format!("the roster holds no {en} of this teacher, or none that begins on this day"),
            );
            if days.is_empty() {
                error.hint("用 taizhang import roster 补录", "bring it in with `taizhang import roster`")
            } else {
                error.hint(format!("起始日期: {days}"), format!("they begin on: {days}"))
            }
        })
    }

    /// Does a fact that began with the hire begin with the right one? Not past another of its kind, or beyond its end.
    fn moves(&self, what: &str, from: Day, to: Day) -> bool {
        let between = from.min(to)..=from.max(to);
        let is_free = self.days(what).all(|d| d == from || !between.contains(&d));
        let rows = self.0.get(&(what.to_owned(), from));
        is_free && rows.is_some_and(|rows| rows.iter().all(|(_, s)| s.to_day.is_none_or(|end| to <= end)))
    }

    fn rewrite(
        &self,
        draft: &mut Draft,
        asked: &Asked<'_>,
        ((what, zh, en), at): ((&str, &str, &str), Day),
        (value, to): (Option<String>, Option<Day>),
    ) -> Result<(), CommandError> {
        let said = self.0.get(&(what.to_owned(), at)).map(Vec::as_slice).unwrap_or_default();
        let bend = |s: &Status| Status {
            value: value.clone().or(s.value.clone()),
            from_day: to.unwrap_or(s.from_day),
            reason: None,
            ..s.clone()
        };
        let wrong = said.iter().map(|(_, s)| s).find(|s| bend(s) != Status { reason: None, ..(*s).clone() });
        let Some(was) = wrong else { return Ok(()) };
        let right = only(said.iter().map(|(_, s)| bend(s)))?;
        if was.value != right.value {
            let texts = (format!("{zh} (自 {at})"), format!("{en} (since {at})"));
            draft.change(what, texts, &json!(was.value), &json!(right.value));
        }
        if was.from_day != right.from_day {
            let texts = (format!("{zh}的起始日期"), format!("first day of the {en}"));
            draft.change(what, texts, &json!(at.to_string()), &json!(right.from_day.to_string()));
        }
        let row = Status { reason: asked.reason(), ..right };
        draft.rows.push((Status::TYPE, said.iter().map(|(name, _)| *name).collect(), row.to_fields()));
        Ok(())
    }
}

/// What is right about a fact, as rows have it.
fn value(asked: &Asked<'_>, what: &str) -> Result<Option<String>, CommandError> {
    let a = asked.correction;
    let head_teacher = a.head_teacher.map(|is| if is { "yes" } else { "no" }.to_owned());
    let given = match what {
        "stage" => &a.stage,
        "title" => &a.title,
        "degree" => &a.degree,
        "post" => &a.post,
        _ => &head_teacher,
    };
    let value = given.as_ref().map(|v| v.trim().to_owned());
    if let Some(word) = value.as_deref().filter(|v| what == "stage" && Stage::from_word(v).is_none()) {
        let all = Stage::ALL.iter().map(|s| s.word()).collect::<Vec<_>>().join(", ");
        return Err(CommandError::not_found(format!("没有学段 {word}"), format!("there is no stage {word}"))
            .hint(format!("可用: {all}"), format!("one of: {all}")));
    }
    Ok(value)
}
