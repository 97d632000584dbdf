//! Reads a case from JSON: every field known and of its type, or an error that says where.

use std::sync::Arc;

use serde_json::{Map, Value};
use taizhang_core::units::Day;

use super::{
    Activity, Assessment, Audit, Ban, Case, DegreeLevel, Kind, Level, Lock, Plan, Registrar, Registration, Role, Seat, Stage,
    Teacher, Waiver,
};

/// Why a case cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct CaseError {
    /// Where: `activities[3].kind`.
    pub path: String,
    /// What is wrong, and what is expected.
    pub why: String,
}

impl CaseError {
    pub(crate) fn new(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { path: path.into(), why: why.into() }
    }
}

/// One JSON object, its place, and which of its fields were asked for.
pub(crate) struct Fields<'v> {
    path: String,
    map: &'v Map<String, Value>,
    asked: Vec<&'static str>,
}

impl<'v> Fields<'v> {
    /// The fields of an object.
    pub(crate) fn new(path: &str, value: &'v Value) -> Result<Self, CaseError> {
        let map = value.as_object().ok_or_else(|| CaseError::new(path, "expected an object"))?;
        Ok(Self { path: path.to_owned(), map, asked: Vec::new() })
    }

    /// Where a field stands.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A field; `null` is as if it were not there.
    pub(crate) fn get(&mut self, name: &'static str) -> Option<&'v Value> {
        self.asked.push(name);
        self.map.get(name).filter(|v| !v.is_null())
    }

    /// Is it there as `null`: said to be unknown?
    fn is_null(&mut self, name: &'static str) -> bool {
        self.asked.push(name);
        self.map.get(name).is_some_and(Value::is_null)
    }

    /// A field that must be there.
    pub(crate) fn need(&mut self, name: &'static str) -> Result<&'v Value, CaseError> {
        self.get(name).ok_or_else(|| CaseError::new(self.at(name), "is missing"))
    }

    /// Text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<&'v str>, CaseError> {
        let at = self.at(name);
        self.get(name).map(|v| v.as_str().ok_or_else(|| CaseError::new(at, "expected text"))).transpose()
    }

    /// Text that must be there, not empty.
    pub(crate) fn need_text(&mut self, name: &'static str) -> Result<&'v str, CaseError> {
        let text = self.text(name)?.ok_or_else(|| CaseError::new(self.at(name), "is missing"))?;
        if text.is_empty() { Err(CaseError::new(self.at(name), "is empty")) } else { Ok(text) }
    }

    /// A whole number from 0.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<u64>, CaseError> {
        let at = self.at(name);
        let read = |v: &Value| v.as_u64().ok_or_else(|| CaseError::new(at, format!("expected a whole number from 0, not {v}")));
        self.get(name).map(read).transpose()
    }

    /// A whole number from 0 that fits in 32 bits.
    pub(crate) fn small(&mut self, name: &'static str) -> Result<Option<u32>, CaseError> {
        let at = self.at(name);
        let fit = |n: u64| u32::try_from(n).map_err(|_| CaseError::new(at, format!("{n} is more than {}", u32::MAX)));
        self.number(name)?.map(fit).transpose()
    }

    /// The same, and it must be there.
    pub(crate) fn need_small(&mut self, name: &'static str) -> Result<u32, CaseError> {
        self.small(name)?.ok_or_else(|| CaseError::new(self.at(name), "is missing"))
    }

    /// True or false.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, CaseError> {
        let at = self.at(name);
        self.get(name).map(|v| v.as_bool().ok_or_else(|| CaseError::new(at, "expected true or false"))).transpose()
    }

    /// A date.
    pub(crate) fn day(&mut self, name: &'static str) -> Result<Option<Day>, CaseError> {
        let at = self.at(name);
        let read = |text: &str| {
            let why = || CaseError::new(at, format!("{text:?} is not a date YYYY-MM-DD from 1970 to 9999"));
            Day::parse_iso(text).ok_or_else(why)
        };
        self.text(name)?.map(read).transpose()
    }

    /// A date that must be there.
    pub(crate) fn need_day(&mut self, name: &'static str) -> Result<Day, CaseError> {
        self.day(name)?.ok_or_else(|| CaseError::new(self.at(name), "is missing"))
    }

    /// One of a list of words.
    fn word<T>(&mut self, name: &'static str, read: fn(&str) -> Option<T>) -> Result<Option<T>, CaseError> {
        let at = self.at(name);
        let known = |text: &str| read(text).ok_or_else(|| CaseError::new(at, format!("{text:?} is no word of this field")));
        self.text(name)?.map(known).transpose()
    }

    fn need_word<T>(&mut self, name: &'static str, read: fn(&str) -> Option<T>) -> Result<T, CaseError> {
        self.word(name, read)?.ok_or_else(|| CaseError::new(self.at(name), "is missing"))
    }

    /// Each element of a list, with its path; a missing list is empty.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str, &'v Value) -> Result<T, CaseError>,
    ) -> Result<Vec<T>, CaseError> {
        let at = self.at(name);
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| CaseError::new(&at, "expected a list"))?;
        list.iter().enumerate().map(|(n, v)| read(&format!("{at}[{n}]"), v)).collect()
    }

    /// Nothing else may be there.
    pub(crate) fn end(self) -> Result<(), CaseError> {
        match self.map.keys().find(|key| !self.asked.contains(&key.as_str())) {
            Some(key) => Err(CaseError::new(self.at(key), format!("unknown field; known here: {}", self.asked.join(", ")))),
            None => Ok(()),
        }
    }
}

/// Text of a list's element.
pub(crate) fn text_of(path: &str, value: &Value) -> Result<String, CaseError> {
    value.as_str().map(str::to_owned).ok_or_else(|| CaseError::new(path, "expected text"))
}

/// A case, from an object whose other fields (policy, adoptions…) the caller asked for already. Ends the object.
///
/// Fields that only describe (`id`, `title`, `because`, `expected`, `hand_checked`, `teacher.transfers`) are allowed and not read.
///
/// # Errors
/// The first field that is missing, unknown or wrong, with its path.
pub(crate) fn case(mut fields: Fields<'_>) -> Result<Case, CaseError> {
    for unread in ["id", "title", "because", "expected", "hand_checked"] {
        fields.get(unread);
    }
    let case = Case {
        as_of: fields.need_day("as_of")?,
        teacher: teacher(&fields.at("teacher"), fields.need("teacher")?)?,
        activities: fields.list("activities", |at, v| activity(at, v).map(Arc::new))?,
        registrations: fields.list("registrations", registration)?,
        locks: fields.list("locks", |at, v| {
            let mut f = Fields::new(at, v)?;
            let lock = Lock { year: year(&mut f)?, at: f.need_day("at")? };
            f.end().map(|()| lock)
        })?,
        waivers: fields.list("waivers", |at, v| {
            let mut f = Fields::new(at, v)?;
            let waiver = Waiver { year: year(&mut f)?, months: f.need_small("months")? };
            f.end().map(|()| waiver)
        })?,
        bans: fields.list("bans", |at, v| {
            let mut f = Fields::new(at, v)?;
            let ban =
                Ban { decided: f.need_day("decided")?, trigger: f.need_text("trigger")?.to_owned(), lifted: f.day("lifted")? };
            f.end().map(|()| ban)
        })?,
        open: Vec::new(),
    };
    fields.end()?;
    Ok(case)
}

fn year(fields: &mut Fields<'_>) -> Result<u16, CaseError> {
    let year = fields.need_small("year")?;
    u16::try_from(year).map_err(|_| CaseError::new(fields.at("year"), format!("{year} is no year")))
}

fn teacher(path: &str, value: &Value) -> Result<Teacher, CaseError> {
    let mut f = Fields::new(path, value)?;
    f.get("transfers");
    let teacher = Teacher {
        id: f.text("id")?.unwrap_or_default().to_owned(),
        stage: f.need_word("stage", Stage::from_word)?,
        hired: f.need_day("hired")?,
        left: f.day("left")?,
        first_job: if f.is_null("first_job") { None } else { Some(f.flag("first_job")?.unwrap_or(false)) },
        has_qualified_degree: f.flag("has_qualified_degree")?.unwrap_or(true),
        roles: f.list("roles", |at, v| {
            let mut f = Fields::new(at, v)?;
            let role = Role { role: f.need_text("role")?.to_owned(), from: f.need_day("from")?, to: f.day("to")? };
            f.end().map(|()| role)
        })?,
    };
    f.end().map(|()| teacher)
}

/// An activity. A kind that this version does not know stays unknown and counts nothing; a case without a plan has an approved one.
fn activity(path: &str, value: &Value) -> Result<Activity, CaseError> {
    let mut f = Fields::new(path, value)?;
    let (start, end) = (f.need_day("start")?, f.need_day("end")?);
    if end < start {
        return Err(CaseError::new(f.at("end"), format!("{end} lies before the start {start}")));
    }
    let (plan, submitted) = match f.get("plan") {
        Some(value) => plan(&f.at("plan"), value)?,
        None => (Plan::Approved { decided: start, retroactive: false, by: None }, None),
    };
    let activity = Activity {
        id: f.need_text("id")?.to_owned(),
        title: f.text("title")?.unwrap_or_default().to_owned(),
        kind: Kind::from_word(f.need_text("kind")?),
        level: f.need_word("org_level", Level::from_word)?,
        start,
        end,
        planned_h100: f.need_small("planned_h100")?,
        plan,
        submitted,
        announced_by: f.word("announced_by", Seat::from_word)?,
        outside_city: f.flag("outside_city")?.unwrap_or(false),
        recognised: f.flag("recognised")?.unwrap_or(false),
        registered: f.flag("registered")?.unwrap_or(false),
        programme: f.text("programme")?.map(str::to_owned),
        content_id: f.text("content_id")?.map(str::to_owned),
        tags: f.list("tags", text_of)?,
    };
    f.end().map(|()| activity)
}

fn plan(path: &str, value: &Value) -> Result<(Plan, Option<Day>), CaseError> {
    let mut f = Fields::new(path, value)?;
    let (state, submitted, decided) = (f.need_text("state")?, f.day("submitted")?, f.day("decided")?);
    let retroactive = f.flag("retroactive")?.unwrap_or(false);
    let by = f.word("decided_by", Seat::from_word)?;
    let plan = match state {
        "approved" => {
            let decided =
                decided.ok_or_else(|| CaseError::new(f.at("decided"), "is missing: an approved plan was decided on a day"))?;
            Plan::Approved { decided, retroactive, by }
        }
        "none" | "submitted" | "pending" | "returned" | "refused" => Plan::NotApproved,
        "undecided" => Plan::Undecided,
        other => return Err(CaseError::new(f.at("state"), format!("{other:?} is no state of a plan"))),
    };
    f.end().map(|()| (plan, submitted))
}

/// A registration; where nothing is said of its audit it is approved.
fn registration(path: &str, value: &Value) -> Result<Registration, CaseError> {
    let mut f = Fields::new(path, value)?;
    let registration = Registration {
        id: f.need_text("id")?.to_owned(),
        activity: f.need_text("activity")?.to_owned(),
        by: f.need_word("by", Registrar::from_word)?,
        at: f.need_day("at")?,
        attended_h100: f.need_small("attended_h100")?,
        assessment: f.word("assessment", Assessment::from_word)?,
        audit: f.word("audit", Audit::from_word)?.unwrap_or(Audit::Approved),
        audited_by: f.word("audited_by", Seat::from_word)?,
        supersedes: f.text("supersedes")?.map(str::to_owned),
        leave_halfdays: f.small("leave_halfdays")?.unwrap_or(0),
        online_complete: f.flag("online_complete")?,
        degree_level: f.word("degree_level", DegreeLevel::from_word)?,
        substitute_allowed: f.flag("substitute_allowed")?.unwrap_or(false),
        days: f.small("days")?.unwrap_or(0),
    };
    f.end().map(|()| registration)
}
