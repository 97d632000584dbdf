//! Words that stand for a few known things, and the words that offices use instead.

use super::{Reading, parsed};
use crate::finding::FindingKind;
use crate::grid::Raw;
use crate::mend;

/// One meaning: the word of our forms, the value, the other words for it.
pub(crate) type Word<T> = (&'static str, T, &'static [&'static str]);

/// Finds a cell's word. Case, width and spaces do not matter.
pub(crate) fn parse<T: Copy>(raw: &Raw, words: &[Word<T>]) -> Reading<T> {
    let shown = match raw {
        Raw::Empty => return Ok(None),
        Raw::Error(_) => return Err(FindingKind::FormulaError),
        other => other.shown(),
    };
    let (text, kind) = mend::code(&shown);
    if text.is_empty() {
        return Ok(None);
    }
    let found = words.iter().find(|(word, _, also)| *word == text || also.iter().any(|a| a.eq_ignore_ascii_case(&text)));
    let (word, value, _) = found.ok_or(FindingKind::UnknownWord)?;
    parsed(*value, *word, if *word == text { kind } else { FindingKind::WordForm })
}

/// The word of our forms for a value.
pub(crate) fn word_of<T: Copy + PartialEq>(value: T, words: &[Word<T>]) -> &'static str {
    words.iter().find(|(_, v, _)| *v == value).map_or("", |(word, _, _)| word)
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal $(, $also:literal)* ;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            pub(crate) const WORDS: &'static [Word<Self>] = &[$(($word, Self::$variant, &[$($also),*]),)*];

            /// The word of our forms.
            #[must_use]
            pub fn word(self) -> &'static str {
                word_of(self, Self::WORDS)
            }
        }
    };
}

words! {
    /// 性别.
    Sex {
        /// 男.
        Male = "男", "男性", "1", "M", "male";
        /// 女.
        Female = "女", "女性", "2", "F", "female";
    }
}
words! {
    /// 任教学段.
    Stage {
        /// 幼儿园.
        Kindergarten = "幼儿园", "学前", "学前教育", "幼教", "kindergarten";
        /// 小学.
        Primary = "小学", "小学教育", "primary";
        /// 初中.
        Junior = "初中", "初级中学", "junior";
        /// 高中.
        Senior = "高中", "普通高中", "普高", "高级中学", "senior";
        /// 特殊教育.
        Special = "特殊教育", "特教", "special";
        /// 中等职业教育.
        Vocational = "中职", "职高", "职业高中", "中等职业教育", "中等职业学校", "vocational";
    }
}
words! {
    /// 培训类别.
    TrainingKind {
        /// 集中培训.
        Concentrated = "集中培训", "集中", "集中面授", "面授", "concentrated", "workshop";
        /// 非集中培训.
        Nonconcentrated = "非集中培训", "非集中", "nonconcentrated", "observation", "visit";
        /// 校本培训.
        SchoolBased = "校本培训", "校本", "校本研修", "school_based", "school-based";
        /// 网络培训.
        Online = "网络培训", "网络", "远程", "远程培训", "网络研修", "线上", "线上培训", "online";
        /// 学历教育.
        Degree = "学历教育", "学历", "学历提升", "degree";
    }
}
words! {
    /// 组织级别.
    Level {
        /// 国家级.
        Ministry = "国家级", "部级", "国培", "国家", "ministry";
        /// 省级.
        Province = "省级", "省", "省培", "province";
        /// 市级.
        City = "市级", "市", "地市级", "市州级", "city";
        /// 区县级.
        County = "区县级", "县级", "区级", "县区级", "县(市、区)级", "区县", "县", "区", "county";
        /// 乡镇级.
        Township = "乡镇级", "乡镇", "乡级", "镇级", "township";
        /// 校级.
        School = "校级", "校", "学校", "school";
        /// 高校.
        University = "高校", "高等学校", "大学", "university";
    }
}
words! {
    /// 考核结果.
    Assessment {
        /// 合格.
        Pass = "合格", "通过", "达标", "已合格", "pass";
        /// 不合格.
        Fail = "不合格", "未通过", "不达标", "fail";
        /// 补考.
        Retake = "补考", "重考", "待补考", "补修", "retake";
        /// 未考核.
        None = "未考核", "免考核", "-", "/", "none";
    }
}
words! {
    /// 审核状态 as the sheet claims it: what counts is a decision entry, never this.
    ClaimedState {
        /// 已审核.
        Approved = "已审核", "审核通过", "通过", "已批准", "同意", "approved";
        /// 待审核.
        Pending = "待审核", "未审核", "审核中", "pending";
        /// 退回.
        Returned = "退回", "已退回", "退回修改", "returned";
        /// 不同意.
        Refused = "不同意", "未通过", "不通过", "refused";
    }
}
words! {
    /// 机构类型; the word of the form is the identifier.
    OrgType {
        /// 省.
        Province = "province", "省";
        /// 市.
        City = "city", "市", "地级市";
        /// 市师资培训中心.
        CityTrainingCentre = "city_training_centre", "市培训中心", "师资培训中心", "市师资培训中心";
        /// 区县.
        County = "county", "县", "区", "区县", "县区";
        /// 教师进修学校.
        CountyTrainingInstitution = "county_training_institution", "教师进修学校", "县培训机构", "教师培训机构";
        /// 乡镇中心学校.
        Township = "township_central_school", "中心学校", "乡镇中心学校", "中心校";
        /// 学校.
        School = "school", "学校", "幼儿园";
        /// 培训承办单位.
        Organiser = "organiser", "承办单位", "培训基地", "高校";
    }
}
words! {
    /// A mark of a session. The sheet's signs are kept: an empty mark is not an absence (one session of a week's two is enough), and a √ after a √ is a second attendance.
    Mark {
        /// √.
        Present = "√", "✓", "✔", "☑", "v", "对", "到", "出勤", "1";
        /// ×.
        Absent = "×", "✗", "✘", "x", "╳", "缺", "旷", "缺席", "缺勤", "旷课", "0";
        /// 假.
        Leave = "假", "请假", "事假", "病假", "公假", "产假";
        /// 迟.
        Late = "迟", "迟到";
        /// 退.
        Early = "退", "早退", "早";
        /// Something else stood there; see the finding.
        Unread = "?";
        /// Nothing.
        Empty = "";
    }
}

/// 是 / 否.
pub(crate) const YES_NO: &[Word<bool>] =
    &[("是", true, &["有", "√", "✓", "1", "Y", "yes", "true"]), ("否", false, &["不是", "无", "×", "0", "N", "no", "false"])];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    fn no_word_twice<T: Copy>(words: &[Word<T>]) {
        let all: Vec<String> =
            words.iter().flat_map(|(w, _, also)| also.iter().chain([w])).map(|w| w.to_ascii_lowercase()).collect();
        let mut unique = all.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(all.len(), unique.len(), "{all:?}");
    }

    #[test]
    fn every_word_means_one_thing() {
        no_word_twice(Sex::WORDS);
        no_word_twice(Stage::WORDS);
        no_word_twice(TrainingKind::WORDS);
        no_word_twice(Level::WORDS);
        no_word_twice(Assessment::WORDS);
        no_word_twice(ClaimedState::WORDS);
        no_word_twice(OrgType::WORDS);
        no_word_twice(Mark::WORDS);
        no_word_twice(YES_NO);
    }

    #[test]
    fn words_and_their_forms() {
        for (stood, value) in [
            ("男", Sex::Male),
            ("1", Sex::Male),
            ("女性", Sex::Female),
            (" 女 ", Sex::Female),
            ("２", Sex::Female),
            ("m", Sex::Male),
        ] {
            assert_eq!(parse(&Raw::Text(stood.into()), Sex::WORDS).unwrap().unwrap().value, value, "{stood}");
        }
        assert_eq!(parse(&Raw::Number(1.0), Sex::WORDS).unwrap().unwrap().value, Sex::Male);
        assert_eq!(parse(&Raw::Text("3".into()), Sex::WORDS), Err(FindingKind::UnknownWord));
        assert_eq!(parse(&Raw::Text(" ".into()), Sex::WORDS), Ok(None));
        assert_eq!(parse(&Raw::Text("Ｘ".into()), Mark::WORDS).unwrap().unwrap().value, Mark::Absent);
        assert_eq!(parse(&Raw::Bool(true), YES_NO).map(|o| o.map(|p| p.value)), Ok(Some(true)));
    }

    fn documented<T: Copy>(list: &str, words: &[Word<T>]) {
        let text = include_str!("../../../../docs/sheets.md");
        for (word, _, also) in words.iter().filter(|(word, ..)| !["", "?"].contains(word)) {
            let line = format!("| {list} | {word} | {} |", also.join("、"));
            assert!(text.lines().any(|l| l == line), "{line}");
        }
    }

    #[test]
    fn the_documentation_names_every_word() {
        documented("Sex", Sex::WORDS);
        documented("Stage", Stage::WORDS);
        documented("TrainingKind", TrainingKind::WORDS);
        documented("Level", Level::WORDS);
        documented("Assessment", Assessment::WORDS);
        documented("ClaimedState", ClaimedState::WORDS);
        documented("OrgType", OrgType::WORDS);
        documented("Mark", Mark::WORDS);
        documented("yes/no", YES_NO);
    }
}
