//! Into which document a row goes: by its type, this organisation, `--org`, and the year of its own last day, else `--year`, else that of the export, else its first date.

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind, OrgId},
    op::RowRef,
    rows::{self, Activity, Elsewhere, Marks, OrgKind, Registration, RowType, Session, shape::Shape},
    units::Day,
};

use super::{
    super::{
        place::{Place, Shelves},
        plan::closed_words,
    },
    Files,
    read::{Line, What},
};
use crate::{
    command::Import,
    commands::{Context, fields::map_refs, org::change::is_open_on},
    error::CommandError,
};

type Why = (&'static str, (String, String));

fn why<T>(kind: &'static str, zh: &str, en: &str) -> Result<T, Why> {
    Err((kind, (zh.to_owned(), en.to_owned())))
}

/// Every line that has a document, with it.
pub(super) fn all(
    c: &Context<'_>,
    files: &mut Files,
    import: &Import,
    shelves: &mut Shelves,
    lines: Vec<Line>,
) -> Result<Vec<(DocId, Line)>, CommandError> {
    let year = super::super::year_given(import)?;
    let place = Place::find(c, import.org.as_deref())?;
    let named = import.org.as_deref().map(|o| c.org(o)).transpose()?;
    let desk = Desk { own: c.core.org(), own_kind: c.core.ledger().registry.kind(c.core.org()), place, named, year };
    let mut out = Vec::new();
    for line in lines {
        let at = line.at;
        match desk.document(c, shelves, &line)? {
            Ok(document) => {
                match last_day(c, shelves, &document, &line)?.map(|last| is_open_on(c.core, document.concerns(), last)) {
                    Some(Err(closed)) => files.refuse(at, "school_closed", None, closed_words(closed)),
                    _ => out.push((document, line)),
                }
            }
            Err((kind, why)) => files.refuse(at, kind, None, why),
        }
    }
    Ok(out)
}

struct Desk {
    own: OrgId,
    own_kind: Option<OrgKind>,
    place: Place,
    named: Option<OrgId>,
    year: Option<u16>,
}

impl Desk {
    fn document(&self, c: &Context<'_>, shelves: &mut Shelves, line: &Line) -> Result<Result<DocId, Why>, CommandError> {
        let kind = match self.kind(line) {
            Ok(kind) => kind,
            Err(e) => return Ok(Err(e)),
        };
        let owners = match kind {
            Kind::Roster | Kind::Identity => match self.place {
                Place::School(school) => Ok((school, None)),
                _ => why(
                    "no_school",
                    "花名册属于学校; 请在学校的节点上导入, 或用学校台账员的密钥并加 --org",
                    "a roster is its school's: import it on the school's node, or with its clerk's key and --org",
                ),
            },
            Kind::Ledger => self.ledger(c, shelves, line)?,
            Kind::Review | Kind::Transfer => self.about(c, shelves, line)?,
            _ => Ok((self.own, None)),
        };
        let (owner, subject) = match owners {
            Ok(owners) => owners,
            Err(e) => return Ok(Err(e)),
        };
        let period = if kind.has_period() { self.period(line) } else { Ok(None) };
        Ok(period.map(|period| DocId { owner, kind, period, subject }))
    }

    /// Where a type may stand in several kinds of documents, the export says which; else what this organisation is.
    fn kind(&self, line: &Line) -> Result<Kind, Why> {
        let What::Row(info, _) = &line.what else {
            return match line.kind.unwrap_or(Kind::Roster) {
                kind @ (Kind::Roster | Kind::Ledger) => Ok(kind),
                _ => why("no_document", "说明性字段只在花名册和台账中", "registers stand in rosters and ledgers only"),
            };
        };
        let fits: Vec<Kind> = Kind::ALL.into_iter().filter(|k| rows::belongs(info.number, *k)).collect();
        let at_home =
            if matches!(self.own_kind, Some(OrgKind::School | OrgKind::Township)) { Kind::Ledger } else { Kind::Notice };
        match (fits.as_slice(), line.kind.filter(|k| fits.contains(k))) {
            ([one], _) => Ok(*one),
            // A decision on a plan; about an announced one the export says notice.
            (both, hint) if both.contains(&Kind::Review) => Ok(hint.unwrap_or(Kind::Review)),
            // Whose act it is decides whether an activity is a notice.
            (both, hint) if both.contains(&Kind::Notice) => Ok(if hint == Some(Kind::Ledger) { Kind::Ledger } else { at_home }),
            (_, Some(hint)) => Ok(hint),
            _ => why(
                "no_document",
                "不知道写入哪种文档; 请保留导出时的 document",
                "the kind of document is not known; keep the export's document",
            ),
        }
    }

    /// A school's own; of others the ledger about the teacher's school, or about nobody where no teacher is named.
    fn ledger(
        &self,
        c: &Context<'_>,
        shelves: &mut Shelves,
        line: &Line,
    ) -> Result<Result<(OrgId, Option<OrgId>), Why>, CommandError> {
        let Some(teacher) = text_of(line, "teacher") else {
            return Ok(Ok(match self.place {
                Place::School(owner) | Place::ByRoster { owner } => (owner, None),
                Place::About { owner, school } => (owner, Some(school)),
            }));
        };
        let shelf = self.place.shelf(shelves.rosters(c.core)?, &teacher);
        Ok(shelf.map(|s| (s.owner, s.subject)).ok_or_else(|| no_school(&teacher)))
    }

    /// Whom a review is about: `--org`, else whoever's row it names, else the teacher's school.
    fn about(
        &self,
        c: &Context<'_>,
        shelves: &mut Shelves,
        line: &Line,
    ) -> Result<Result<(OrgId, Option<OrgId>), Why>, CommandError> {
        let subject = match (self.named, named_document(line), text_of(line, "teacher")) {
            (Some(org), ..) => Some(org),
            (None, Some(document), _) => Some(document.concerns()),
            (None, None, Some(teacher)) => {
                let by_roster = Place::ByRoster { owner: self.own };
                by_roster.shelf(shelves.rosters(c.core)?, &teacher).and_then(|s| s.subject)
            }
            _ => None,
        };
        Ok(subject.map_or_else(
            || why("no_subject", "不知道是关于哪个机构的; 请用 --org 指明", "whom it is about is not known; name it with --org"),
            |s| Ok((self.own, Some(s))),
        ))
    }

    fn period(&self, line: &Line) -> Result<Option<u16>, Why> {
        let own_end = day_of(line, |name| name == "end_day");
        if let (Some(end), Some(year)) = (own_end, self.year)
            && end.year() != year
        {
            let said = format!("{end}");
            return Err((
                "year",
                (format!("结束日期 {said} 不在 --year {year} 年"), format!("the last day {said} is not in --year {year}")),
            ));
        }
        let given = own_end.map(Day::year).or(self.year).or(line.year);
        let year = given.or_else(|| number_of(line, &["year", "period"])).or_else(|| day_of(line, |_| true).map(Day::year));
        match year.filter(|y| (1970..=2199).contains(y)) {
            Some(year) => Ok(Some(year)),
            None => why("no_year", "不知道属于哪一年; 请用 --year 指明", "the year is not known; give it with --year"),
        }
    }
}

/// The last day of the training that a line of a ledger is about, as far as it can be told.
fn last_day(c: &Context<'_>, shelves: &mut Shelves, document: &DocId, line: &Line) -> Result<Option<Day>, CommandError> {
    let trainings = [Activity::TYPE, Session::TYPE, Marks::TYPE, Registration::TYPE, Elsewhere::TYPE];
    if document.kind != Kind::Ledger || !matches!(line.what, What::Row(info, _) if trainings.contains(&info.number)) {
        return Ok(None);
    }
    let own = day_of(line, |name| name == "end_day");
    let of_activity = match text_of(line, "activity_no").or_else(|| text_of(line, "activity")) {
        Some(no) if own.is_none() => {
            let owners = [document.owner, document.concerns()];
            shelves.activities(c.core, &owners)?.find(&no, &owners).map(|a| a.end_day).max()
        }
        _ => None,
    };
    Ok(own.or(of_activity).or_else(|| day_of(line, |name| name == "registered_day")))
}

fn no_school(teacher: &str) -> Why {
    let zh = format!("不知道教师 {teacher} 属于哪所学校; 请用 --org 指明学校, 或先取得其花名册");
    let en =
        format!("no roster here says which school teacher {teacher} belongs to; name it with --org, or get its roster first");
    ("no_school", (zh, en))
}

fn named_fields(line: &Line) -> impl Iterator<Item = (&'static str, &Value, Shape)> {
    let (names, values, shapes) = match &line.what {
        What::Row(info, values) => (info.fields, values.as_slice(), rows::shapes(info.number)),
        What::Register { .. } => (&[][..], &[][..], Vec::new()),
    };
    names.iter().zip(values).zip(shapes).map(|((name, value), shape)| (*name, value, shape))
}

fn text_of(line: &Line, wanted: &str) -> Option<String> {
    named_fields(line).find_map(|(name, value, _)| match value {
        Value::Text(t) if name == wanted => Some(t.clone()),
        _ => None,
    })
}

fn number_of(line: &Line, wanted: &[&str]) -> Option<u16> {
    named_fields(line).find_map(|(name, value, _)| match value {
        Value::Int(n) if wanted.contains(&name) => u16::try_from(*n).ok(),
        _ => None,
    })
}

fn day_of(line: &Line, fits: impl Fn(&str) -> bool) -> Option<Day> {
    named_fields(line).find_map(|(name, value, shape)| match value {
        Value::Int(n) if fits(name) && *shape.present() == Shape::Day => u32::try_from(*n).ok().map(Day),
        _ => None,
    })
}

/// The document of the first row that the line names elsewhere.
fn named_document(line: &Line) -> Option<DocId> {
    let mut found = None;
    for (_, value, shape) in named_fields(line) {
        let mut see = |r: RowRef| {
            found = found.or(r.document);
            r
        };
        map_refs(value.clone(), &shape, &mut see);
        if let (Value::Array(items), Shape::Tagged(_)) = (value, &shape)
            && let Some(Value::Bytes(bytes)) = items.get(1)
        {
            found = found.or_else(|| DocId::from_bytes(bytes));
        }
    }
    found
}
