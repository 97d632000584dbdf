//! Rows of notices besides activities: calendar, quotas, catalogue, instructors, bans as enrolment sees them, seeds of samples, publications.

use super::{
    rows,
    training::{Evidence, Level},
};
use crate::{
    id::{EntryId, OrgId},
    units::Day,
};

rows! {
    /// One semester of a school year.
    22 Calendar {
        /// The calendar year in which the school year begins.
        school_year: u16,
        /// 1: begins in autumn, 2: in spring.
        semester: u8,
        /// 开学预备周: its Monday.
        prep_week_day: Day,
        /// First day.
        first_day: Day,
        /// Last day.
        last_day: Day,
        /// Why.
        reason: Option<String>,
    }
    /// Places in trainings that an organisation shall fill (名额分配).
    23 Quota {
        /// Calendar year.
        year: u16,
        /// Category of trainees.
        category: String,
        /// Who shall fill them.
        to_org: OrgId,
        /// Places.
        seats: u32,
        /// Number of the activity, where they are of one.
        activity: Option<String>,
        /// Programme they are part of.
        programme: Option<String>,
        /// Part of a target of the cycle, in 1/10000.
        cycle_part_bp: Option<u32>,
        /// Why.
        reason: Option<String>,
    }
    /// A course that schools may choose (菜单式培训).
    24 Course {
        /// Its number.
        no: String,
        /// Its title, exactly.
        title: String,
        /// 学科
        subject: Option<String>,
        /// 学段
        stages: Vec<String>,
        /// Hours.
        h100: u32,
        /// Numbers of instructors.
        instructors: Vec<String>,
        /// What it is about.
        outline: Option<String>,
        /// Evidence.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
    /// Someone who may teach (专家库). The name is one that the person has agreed to make public.
    25 Instructor {
        /// Number in the list.
        no: String,
        /// Public name.
        public_name: String,
        /// Where the person works, in words: it may be outside of this network.
        org: String,
        /// 学科
        subjects: Vec<String>,
        /// Level of the list.
        level: Level,
        /// Since.
        from_day: Day,
        /// Until.
        to_day: Option<Day>,
        /// Why.
        reason: Option<String>,
    }
    /// A ban as everyone who enrols must see it; what happened stands in row 107 only.
    26 BanFlag {
        /// 教师编号
        teacher: String,
        /// First day of the ban.
        decided_day: Day,
        /// no_show, serious_breach: the policy's word.
        trigger: String,
        /// For how many years.
        years: u8,
        /// From trainings of which levels.
        levels: Vec<Level>,
        /// Lifted on.
        lifted_day: Option<Day>,
        /// Why it was lifted; never why it was decided.
        reason: Option<String>,
    }
    /// The seed of a spot check, published after the rollup that it samples.
    27 SampleSeed {
        /// Entry of the rollup.
        rollup: EntryId,
        /// Drawn by the city.
        seed: [u8; 32],
        /// How many registrations.
        k: u32,
        /// Why.
        reason: Option<String>,
    }
    /// Something was published: a supervision report, a list.
    28 Published {
        /// What, in words.
        what: String,
        /// Of which time, in words.
        period: String,
        /// The text as published.
        evidence: Option<Evidence>,
        /// Why.
        reason: Option<String>,
    }
}
