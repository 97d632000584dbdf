//! Words of rows and accounts as forms show them. Words of a newer version, or of a policy's own, are shown as they are.

use super::{Cell, Text};

fn cell(word: &str, known: Option<(&str, &str)>) -> Cell {
    known.map_or_else(|| Cell::text(Some(word)), |(zh, en)| Cell::Words(Text::new(zh, en)))
}

/// How hours are earned.
#[must_use]
pub fn kind(word: &str) -> Cell {
    let known = match word {
        "concentrated" => ("集中", "Concentrated"),
        "nonconcentrated" => ("非集中", "Non-concentrated"),
        "school_based" => ("校本", "School-based"),
        "online" => ("网络", "Online"),
        "degree" => ("学历", "Degree"),
        "enterprise" => ("下企业实践", "Enterprise practice"),
        "self_study" => ("自学", "Self-study"),
        "external" => ("校外学习", "Elsewhere"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}

/// Who organises.
#[must_use]
pub fn level(word: &str) -> Cell {
    let known = match word {
        "ministry" => ("国家级", "Ministry"),
        "province" => ("省级", "Province"),
        "city" => ("市级", "City"),
        "county" => ("区县级", "County"),
        "township" => ("乡镇级", "Township"),
        "school" => ("校级", "School"),
        "university" => ("高校", "University"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}

/// 学段
#[must_use]
pub fn stage(word: &str) -> Cell {
    let known = match word {
        "kindergarten" => ("幼儿园", "Kindergarten"),
        "primary" => ("小学", "Primary"),
        "junior" => ("初中", "Junior"),
        "senior" => ("高中", "Senior"),
        "special" => ("特殊教育", "Special"),
        "vocational" => ("职业教育", "Vocational"),
        "adult" => ("成人教育", "Adult"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}

/// 学历
#[must_use]
pub fn degree(word: &str) -> Cell {
    let known = match word {
        "secondary" => ("中专", "Secondary"),
        "associate" => ("专科", "Associate"),
        "bachelor" => ("本科", "Bachelor"),
        "master" => ("硕士", "Master"),
        "doctor" => ("博士", "Doctor"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}

/// 考核
#[must_use]
pub fn assessment(word: &str) -> Cell {
    let known = match word {
        "pass" => ("合格", "Passed"),
        "fail" => ("不合格", "Failed"),
        "none" => ("未考核", "Not assessed"),
        "retake" => ("补考", "Retake"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}

/// How far a review has come, and its verdicts.
#[must_use]
pub fn review(word: &str) -> Cell {
    let known = match word {
        "approved" => ("已审核", "Approved"),
        "pending" => ("待审核", "Pending"),
        "returned" => ("退回", "Returned"),
        "rejected" | "refused" => ("不通过", "Refused"),
        "undecided" => ("未定", "Undecided"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}

/// Categories of trainees in quotas.
#[must_use]
pub fn category(word: &str) -> Text {
    let (zh, en) = match word {
        "" => ("未分类", "No category"),
        "principal" => ("校长", "Principals"),
        "kindergarten" => ("幼儿园教师", "Kindergarten teachers"),
        "head_teacher" => ("班主任", "Head teachers"),
        "backbone" => ("骨干教师", "Backbone teachers"),
        "rural_backbone" => ("农村骨干教师", "Rural backbone teachers"),
        "new_teacher" => ("新任教师", "New teachers"),
        other => (other, other),
    };
    Text::new(zh, en)
}

/// Where money comes from (DOMAIN §4, form 16).
#[must_use]
pub fn source(word: &str) -> Cell {
    let known = match word {
        "payroll" => ("工资2%", "Payroll"),
        "surcharge" => ("附加5%", "Education surcharge"),
        "public" => ("公用5%", "Public funds"),
        "special" => ("专项", "Earmarked"),
        "fixed" => ("定额", "Fixed sum"),
        _ => return cell(word, None),
    };
    cell(word, Some(known))
}
