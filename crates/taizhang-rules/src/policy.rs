//! Policies: regulations as data. Read from TOML (`read`), checked for contradictions (`check`), the ten that come with the program (`library`). Fields: docs/policies.md.

pub mod check;
pub mod diff;
pub mod library;
mod lookup;
pub mod read;
pub mod regime;

pub use self::lookup::Convert;

use std::collections::BTreeMap;

use taizhang_core::units::Day;

use crate::{
    account::Reason,
    case::{DegreeLevel, Kind, Level, Stage},
    word::words,
};

/// A regulation as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Short name: `wuhan-2008`.
    pub id: String,
    /// Title of the regulation.
    pub title: String,
    /// 文号; may be empty.
    pub doc_no: String,
    /// GB/T 2260; empty: any.
    pub jurisdiction: String,
    /// Day of issue, where known.
    pub issued: Option<Day>,
    /// In force from.
    pub effective_from: Day,
    /// To, that day included; none: open.
    pub effective_to: Option<Day>,
    /// What accounts are kept in.
    pub account_unit: Unit,
    /// Whom it is for.
    pub stages: Vec<Stage>,
    /// Do we have the whole text?
    pub complete: bool,
    /// Used together with another policy.
    pub overlay: bool,
    /// Years of a cycle.
    pub cycle_years: u32,
    /// First day of the first cycle.
    pub cycle_start: Day,
    /// First month and day of a policy year.
    pub year_start: (u32, u32),
    /// Where the cycle comes from.
    pub cycle_source: String,
    /// Are minimums for all reduced with the months of service (D-08)?
    pub prorate_months: bool,
    /// Do hours from outside the city need the county's recognition (D-10)?
    pub outside_needs_recognition: bool,
    /// D-02; information, the rules say it in their buckets.
    pub degree_substitutes: String,
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
}

words! {
    /// Units of requirements.
    Unit {
        /// Hundredths of a class hour.
        H100 "h100",
        /// Hundredths of a credit.
        C100 "c100",
        /// Days.
        Days "days",
    }
}

words! {
    /// Over which time a rule counts.
    Scope {
        /// A policy year.
        Year "year",
        /// The cycle.
        Cycle "cycle",
        /// The first 12 months of a first post.
        Probation "probation",
    }
}

words! {
    /// What `eligible` may ask for.
    Requirement {
        /// Registered with the administration.
        Registered "registered",
        /// Holds the qualified degree.
        HasQualifiedDegree "has_qualified_degree",
        /// A substitute was allowed.
        SubstituteAllowed "substitute_allowed",
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Unique in its policy.
    pub id: String,
    /// Article, or decision D-xx.
    pub source: String,
    /// Line of the file where it begins, from 1.
    pub line: u32,
    /// What it says.
    pub body: Body,
}

/// How absence is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Absent share of the planned hours against `num`/`den`.
    AbsentShare {
        /// Numerator.
        num: u32,
        /// Denominator, not 0.
        den: u32,
    },
    /// Half-days of leave.
    LeaveHalfdays {
        /// Limit.
        value: u32,
    },
    /// Any online course left unfinished.
    OnlineIncomplete,
}

/// What a rule says, by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Kind to bucket.
    Convert {
        /// Which kinds.
        kinds: Vec<Kind>,
        /// Where they count.
        bucket: String,
        /// Hours of a credit; 0: hours only.
        h100_per_credit: u32,
        /// Most hours of a day.
        day_h100: Option<u32>,
    },
    /// Needs an approved plan.
    PlanRequired {
        /// Which kinds.
        kinds: Vec<Kind>,
    },
    /// Who and what may count.
    Eligible {
        /// Which kinds.
        kinds: Vec<Kind>,
        /// Levels that may; empty: all.
        org_levels: Vec<Level>,
        /// What it needs.
        requires: Vec<Requirement>,
        /// Why not, else.
        reason: Reason,
    },
    /// Degrees below this level count nothing.
    EligibleDegree {
        /// By stage; a stage without one has no limit.
        min_level: BTreeMap<Stage, DegreeLevel>,
        /// Why not, else.
        reason: Reason,
    },
    /// Banned teachers.
    Ban {
        /// Which triggers.
        triggers: Vec<String>,
        /// How long.
        years: u32,
        /// From which levels.
        org_levels: Vec<Level>,
    },
    /// The whole activity counts nothing.
    Forfeit {
        /// Which kinds.
        kinds: Vec<Kind>,
        /// Measured how.
        measure: Measure,
        /// More than (true) or reached (false).
        over: bool,
    },
    /// Must be passed.
    Assessment {
        /// Which kinds.
        kinds: Vec<Kind>,
        /// May it be retaken?
        retake: bool,
    },
    /// At most.
    Cap {
        /// Of what.
        bucket: String,
        /// Over which time.
        scope: Scope,
        /// In what.
        unit: Unit,
        /// How much.
        value: u64,
    },
    /// At least.
    Min {
        /// `all`, `new_teacher`, or a role.
        who: String,
        /// Over which time.
        scope: Scope,
        /// In what.
        unit: Unit,
        /// Counted from.
        buckets: Vec<String>,
        /// Only activities with one of these; empty: all.
        tags_any: Vec<String>,
        /// Without any of these.
        tags_exclude: Vec<String>,
        /// How much.
        value: u64,
    },
    /// Any one window suffices.
    MinAny {
        /// A role, or `all`.
        who: String,
        /// In what.
        unit: Unit,
        /// Counted from.
        buckets: Vec<String>,
        /// (years of the window, how much).
        options: Vec<(u32, u64)>,
    },
    /// All parts or nothing.
    Programme {
        /// Which.
        programme: String,
        /// Planned hours at least.
        min_h100: u64,
        /// Weeks at least; information, the hours say it (D-11).
        min_weeks: Option<u32>,
        /// About so many planned hours by bucket.
        about: BTreeMap<String, u64>,
        /// Give or take.
        about_tolerance_bp: u32,
    },
    /// At most this share of the planned hours.
    ShareLimit {
        /// Which programme.
        programme: String,
        /// Which bucket.
        bucket: String,
        /// At most.
        bp_max: u32,
        /// `soft` or `hard`: shown, never voids.
        severity: String,
    },
    /// The same content counts once.
    RepeatSlot {
        /// 1 = Monday.
        weekdays: Vec<u8>,
        /// Lesson of the day.
        period: u8,
        /// Hours of one slot.
        h100: u32,
    },
    /// Distinct teachers trained in a window.
    Coverage {
        /// First day.
        window_from: Day,
        /// Last day.
        window_to: Day,
        /// Of what.
        bucket: String,
        /// Organised by; empty: any level.
        org_levels: Vec<Level>,
        /// Share of the teachers.
        bp: u32,
        /// Shares of the target by year; empty: no split. Cumulative ceiling (D-14).
        split_bp: Vec<u32>,
    },
    /// Places by category.
    Quota {
        /// 0: the whole programme.
        year: u16,
        /// Who trains.
        org_level: Level,
        /// Sum.
        total: u64,
        /// By category.
        parts: BTreeMap<String, u64>,
    },
    /// Sum of several years' quotas.
    QuotaSum {
        /// Who trains.
        org_level: Level,
        /// Which years.
        years: Vec<u16>,
        /// Sum.
        total: u64,
    },
    /// A share of people.
    Ratio {
        /// Of whom.
        what: String,
        /// Among whom.
        of: String,
        /// At least.
        bp_min: Option<u32>,
        /// About.
        bp_about: Option<u32>,
        /// By this day.
        by: Option<Day>,
    },
    /// Degrees among teachers under an age.
    DegreeTarget {
        /// Shares.
        bp: BTreeMap<String, u32>,
        /// Shares in the country.
        bp_rural: BTreeMap<String, u32>,
        /// Under this age.
        under_age: u32,
    },
    /// Who writes and who audits (DOMAIN §2.3).
    Authority {
        /// Which kinds; empty: all.
        kinds: Vec<Kind>,
        /// Which levels; empty: all.
        org_levels: Vec<Level>,
        /// Competent registrar (D-20).
        register_by: Option<crate::case::Registrar>,
        /// Everything else it says, word by word.
        says: BTreeMap<String, String>,
    },
    /// Something is due.
    Deadline {
        /// plan, school_year_plan, semester_plan, year_plan.
        what: String,
        /// Which kinds; empty: all.
        kinds: Vec<Kind>,
        /// Which levels; empty: all.
        org_levels: Vec<Level>,
        /// Counted from.
        anchor: Anchor,
        /// So long before.
        months_before: u32,
        /// To whom.
        submit_to: String,
        /// Filed with.
        file_with: Option<String>,
        /// Forms that belong to it.
        forms: Vec<String>,
    },
    /// Something is open between two days.
    Window {
        /// enrolment.
        what: String,
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// Some are chosen.
    Select {
        /// advanced_school, excellent_trainee.
        what: String,
        /// A share, floored (D-09).
        bp: Option<u32>,
        /// Or a number.
        count: Option<u32>,
        /// Everything else it says, word by word.
        says: BTreeMap<String, String>,
    },
    /// Money that is due.
    Fund {
        /// Of what: teacher_payroll…; `fixed`.
        base: String,
        /// Share of the base.
        bp: Option<u32>,
        /// Or a fixed sum a year.
        fen: Option<i64>,
        /// Who pays.
        holder: String,
        /// What for.
        uses: Vec<String>,
    },
    /// Rules without arithmetic, word by word: fund_rule, consequence, duty, certificate, report, export, transfer, mutual_recognition.
    Said {
        /// The rule type.
        what: SaidType,
        /// Its fields, lists joined by a comma.
        says: BTreeMap<String, String>,
    },
}

words! {
    /// Rule types without arithmetic.
    SaidType {
        /// Money rules in words.
        FundRule "fund_rule",
        /// What follows from an unmet requirement.
        Consequence "consequence",
        /// What some must do.
        Duty "duty",
        /// Certificates.
        Certificate "certificate",
        /// Reports.
        Report "report",
        /// Exports.
        Export "export",
        /// Transfers.
        Transfer "transfer",
        /// Mutual recognition.
        MutualRecognition "mutual_recognition",
    }
}

/// What a deadline is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The activity's first day.
    ActivityStart,
    /// 开学预备周 of the semester.
    SemesterPrepWeek,
    /// 开学预备周 of the school year.
    SchoolYearPrepWeek,
    /// First day of the policy year.
    YearStart,
    /// A day.
    Fixed(Day),
}
