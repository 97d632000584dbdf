//! What a roster says wrongly.

use serde::{Deserialize, Serialize};

/// What is right about a teacher; what is absent stays as the roster has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterCorrection {
    /// 教师编号
    pub teacher: String,
    /// The school; absent: this node's.
    pub org: Option<String>,
    /// 参加工作时间, `YYYY-MM-DD`.
    pub hired: Option<String>,
    /// Is it the first post of a new teacher?
    pub first_job: Option<bool>,
    /// Is the qualified degree held?
    pub qualified_degree: Option<bool>,
    /// 学段: kindergarten, primary, junior, senior, special, vocational.
    pub stage: Option<String>,
    /// 职称
    pub title: Option<String>,
    /// 学历
    pub degree: Option<String>,
    /// 岗位类别
    pub post: Option<String>,
    /// 班主任
    pub head_teacher: Option<bool>,
    /// Of several facts of a kind the one that begins on this day, `YYYY-MM-DD`; absent: the last.
    pub since: Option<String>,
    /// Why.
    pub reason: String,
}
