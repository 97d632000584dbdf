//! What the rules make of a case: hours recognised or lost with the reason, requirement lines, status.

pub mod json;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use taizhang_core::units::Day;

use crate::{case::OpenInput, policy::Unit, word::words};

words! {
    /// Why hours of an activity count, or do not. The first that applies, in the order of evaluation (docs/rules.md).
    Reason {
        /// Recognised.
        Ok "ok",
        /// A part was lost to a cap.
        Capped "capped",
        /// No policy was in force when it ended (D-21).
        NoPolicy "no_policy_in_force",
        /// No rule converts this kind.
        KindNotCounted "kind_not_counted",
        /// Ended before or after the cycle.
        OutsideCycle "outside_cycle",
        /// Began before the teacher's service.
        BeforeAppointment "before_appointment",
        /// Ended after it.
        AfterLeaving "after_leaving",
        /// The same content was counted before.
        SameContent "same_content",
        /// Announced by an office below its level (DOMAIN §2.3).
        AnnouncerNotCompetent "announcer_not_competent",
        /// No approved plan.
        PlanNotApproved "plan_not_approved",
        /// The plan was approved by an office below the competent one.
        PlanDeciderNotCompetent "plan_decider_not_competent",
        /// The plan was approved after the start (D-06).
        PlanApprovedLate "plan_approved_late",
        /// Earned outside the city and not recognised by the county yet (D-10).
        NeedsRecognition "needs_recognition",
        /// Network training that was not registered, or organised below the county (003 Wuhan 三(六)).
        OnlineNotRegistered "online_not_registered_or_below_county",
        /// No qualified degree yet.
        NoQualifiedDegree "no_qualified_degree",
        /// A substitute was not allowed (004 二(三)).
        SubstituteNotAllowed "substitute_not_allowed",
        /// Any other eligibility rule.
        NotEligible "not_eligible",
        /// The degree's level is too low.
        DegreeLevelTooLow "degree_level_too_low",
        /// The teacher was banned (002, second text, 四(四)).
        Banned "banned",
        /// Absent too long.
        ForfeitAbsence "forfeit_absence",
        /// On leave too long.
        ForfeitLeave "forfeit_leave",
        /// An online course was left.
        ForfeitOnline "forfeit_online",
        /// Failed.
        AssessmentFailed "assessment_failed",
        /// Not assessed.
        NotAssessed "not_assessed",
        /// Waits for the audit (D-23).
        PendingAudit "pending_audit",
        /// Approved by an office below the one that audits it: waits for that one.
        AuditorNotCompetent "auditor_not_competent",
        /// The audit refused it.
        AuditRejected "audit_rejected",
        /// Another part of the programme was not recognised.
        ProgrammeNotCompleted "programme_not_completed",
        /// More hours than planned: the rest is lost (D-03).
        OverPlan "over_plan",
        /// More hours than a day has: the rest is lost.
        OverDayLimit "over_day_limit",
    }
}

words! {
    /// Where a requirement stands.
    LineStatus {
        /// Reached.
        Met "met",
        /// Closed and not reached.
        NotMet "not_met",
        /// Not reached yet.
        Open "open",
    }
}

words! {
    /// Where an account stands.
    Status {
        /// Every line is met.
        Met "met",
        /// A line is closed and not met.
        NotMet "not_met",
        /// Open, at the pace of the elapsed years.
        OnTrack "on_track",
        /// Open, below that pace.
        Behind "behind",
        /// A programme whose parts are all recognised.
        Completed "completed",
        /// A programme that is not.
        NotCompleted "not_completed",
        /// No rule asks for anything.
        Recorded "recorded",
    }
}

/// A rule and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cite {
    /// Rule id; empty where the engine's own order decides (cycle, employment).
    pub rule: Arc<str>,
    /// Source: the regulation's article, or a decision D-xx.
    pub source: Arc<str>,
}

/// Hours that were attended and are not recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub h100: u32,
    /// Why.
    pub reason: Reason,
    /// Which rule.
    pub cite: Cite,
}

/// What became of one activity. `attended_h100` = `h100` + all of `lost`, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityResult {
    /// [`crate::case::Activity::id`].
    pub activity: String,
    /// The registration that was taken (D-20).
    pub registration: String,
    /// Where it counts; empty where no rule converts its kind.
    pub bucket: Arc<str>,
    /// Attended, as registered.
    pub attended_h100: u32,
    /// Recognised.
    pub h100: u32,
    /// Of what was lost, the part lost to caps (D-18).
    pub excess_h100: u32,
    /// The first reason that applies.
    pub reason: Reason,
    /// The rule behind the reason, or the converting rule where it is `ok`.
    pub cite: Cite,
    /// Every lost part.
    pub lost: Vec<Lost>,
    /// Year of the end day (D-05).
    pub year: u16,
}

/// Hours of a bucket, and credits where the policy has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Hours.
    pub h100: u64,
    /// Credits, floored once on the sum (D-17).
    pub c100: Option<u64>,
}

/// Where the attended hours of a bucket went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Recognised.
    pub counted_h100: u64,
    /// Would count once audited.
    pub pending_h100: u64,
    /// Lost to a cap.
    pub capped_h100: u64,
    /// Forfeited or refused for any other reason.
    pub forfeited_h100: u64,
}

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementLine {
    /// Rule id and source.
    pub cite: Cite,
    /// `cycle`, `probation`, a year, or of `min_any` the windows `2010-2014`.
    pub scope: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Counted from these.
    pub buckets: Arc<[Arc<str>]>,
    /// `all`, `new_teacher`, or the role that it binds.
    pub who: Arc<str>,
    /// Any one of several windows suffices (`min_any`).
    pub any_window: bool,
    /// Asked for.
    pub need: u64,
    /// Reached.
    pub got: u64,
    /// Where it stands.
    pub status: LineStatus,
}

/// A teacher's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// First and last day of the cycle; none where no policy is in force.
    pub span: Option<(Day, Day)>,
    /// The policy of the minimums; empty where none is in force.
    pub policy: Arc<str>,
    /// By activity id.
    pub activities: Vec<ActivityResult>,
    /// Recognised by year and bucket; only years with hours.
    pub by_year: BTreeMap<u16, BTreeMap<Arc<str>, Amount>>,
    /// Recognised in the cycle.
    pub cycle: BTreeMap<Arc<str>, Amount>,
    /// In probation, where the teacher has one.
    pub probation: Option<BTreeMap<Arc<str>, Amount>>,
    /// Where all attended hours went.
    pub buckets: BTreeMap<Arc<str>, Bucket>,
    /// Requirements, in the order of the policy.
    pub rules: Vec<RequirementLine>,
    /// Where it stands, from what is known.
    pub status: Status,
    /// Findings as `word:subject`, sorted; those of the standard form.
    pub findings: Vec<String>,
    /// Further findings (possible duplicates D-24, unmet day minimums…), shown when explained.
    pub notes: BTreeSet<String>,
    /// What is not known: where there is any, figures and status are open.
    pub open: Vec<OpenInput>,
}

impl Account {
    /// What is missing to finish: every requirement not reached, with how much, in its unit. Of closed ones too: they stay short (D-19).
    pub fn missing(&self) -> impl Iterator<Item = (&RequirementLine, u64)> {
        self.rules.iter().filter(|line| line.need > line.got).map(|line| (line, line.need - line.got))
    }
}
