//! Form 20: the statistical form 教基4068.

use std::collections::BTreeSet;

use super::{Audience, Cell, Form, Unit, hide_small};
use crate::case::Level;

/// A full-time teacher's year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeacherYear {
    /// Recognised hours of the year.
    pub h100: u64,
    /// Levels of the trainings with recognised hours.
    pub levels: BTreeSet<Level>,
    /// Any of them abroad?
    pub abroad: bool,
}

/// The levels that the form has a column for. A township's training is the schools'; a university has no column and is only in the whole.
const LEVELS: [&[Level]; 5] =
    [&[Level::Ministry], &[Level::Province], &[Level::City], &[Level::County], &[Level::Township, Level::School]];

/// 专任教师接受培训情况: one line of people, each counted once in the whole and in one band of hours, and once for every level at which trained.
#[must_use]
pub fn form_20(teachers: &[TeacherYear], audience: Audience) -> Form {
    use Unit::Count;
    let columns = [
        ("接受过培训的专任教师", "Full-time teachers trained", Count),
        ("<=36", "Up to 36 h", Count),
        ("37-72", "37 to 72 h", Count),
        ("73-108", "73 to 108 h", Count),
        (">=109", "109 h and more", Count),
        ("国家级", "Ministry", Count),
        ("省级", "Province", Count),
        ("地级", "City", Count),
        ("县级", "County", Count),
        ("校级", "School", Count),
        ("国(境)外", "Abroad", Count),
    ];
    let mut form = Form::new("form-20", ("教基4068 专任教师接受培训情况", "Full-time teachers trained (form 4068)"), &columns);
    let trained: Vec<&TeacherYear> = teachers.iter().filter(|t| t.h100 > 0).collect();
    let mut bands = [0_u64; 4];
    for t in &trained {
        if let Some(n) = bands.get_mut(band(t.h100)) {
            *n += 1;
        }
    }
    let at = |levels: &[Level]| trained.iter().filter(|t| levels.iter().any(|l| t.levels.contains(l))).count();
    let mut bands = bands.map(Cell::number);
    let mut levels = LEVELS.map(|l| Cell::number(at(l)));
    let mut ends = [Cell::number(trained.len()), Cell::number(trained.iter().filter(|t| t.abroad).count())];
    if audience == Audience::Public {
        hide_small(&mut bands);
        // People may stand in several of these, so that none follows from the others.
        levels.iter_mut().chain(&mut ends).for_each(hide_small_one);
    }
    let [all, abroad] = ends;
    form.push(None, std::iter::once(all).chain(bands).chain(levels).chain([abroad]));
    form
}

fn hide_small_one(cell: &mut Cell) {
    if matches!(cell, Cell::Number(n) if (1..5).contains(n)) {
        *cell = Cell::Hidden;
    }
}

/// Above 36, 72 and 108 hours the next band begins: 36.5 hours are more than 36.
fn band(h100: u64) -> usize {
    [3_600, 7_200, 10_800].iter().filter(|limit| h100 > **limit).count()
}
