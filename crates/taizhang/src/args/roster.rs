//! `roster`: what a school's roster says wrongly.

use clap::{ArgGroup, Args, Subcommand};
use taizhang_node::command::{Command, RosterCorrection};

#[derive(Debug, Subcommand)]
pub(crate) enum Roster {
    /// 更正花名册中一位教师的信息; 原来的保留可查 | Correct what the roster says about a teacher; what it said stays visible
    Correct(Correct),
}

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true).multiple(true)
        .args(["hired", "first_job", "qualified_degree", "stage", "title", "degree", "post", "head_teacher"]),
    group = ArgGroup::new("fact").multiple(true).args(["stage", "title", "degree", "post", "head_teacher"]),
)]
pub(crate) struct Correct {
    /// 教师编号 | The teacher's number
    #[arg(value_name = "NUMBER")]
    teacher: String,
    /// 参加工作时间 2021-09-01; 从这一天起的学段、职称等随之改正 | Day of hiring, 2021-09-01; stage, title and so on that began with it follow
    #[arg(long, value_name = "DATE")]
    hired: Option<String>,
    /// 是否首次任教: yes 是, no 否 | Is it the first post: yes or no
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    first_job: Option<bool>,
    /// 学历是否达标: yes 是, no 否 | Is the qualified degree held: yes or no
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    qualified_degree: Option<bool>,
    /// 学段: kindergarten 幼儿园, primary 小学, junior 初中, senior 高中, special 特教, vocational 职教 | Stage: kindergarten, primary, junior, senior, special, vocational
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// 职称 | Professional title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// 学历 | Degree
    #[arg(long, value_name = "TEXT")]
    degree: Option<String>,
    /// 岗位类别 | Post
    #[arg(long, value_name = "TEXT")]
    post: Option<String>,
    /// 是否班主任: yes 是, no 否 | Is the teacher a head teacher: yes or no
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    head_teacher: Option<bool>,
    /// 改正从这一天起的那一条; 默认最后一条 | Of several stages, titles… the one that begins on this day; default: the last
    #[arg(long, value_name = "DATE", requires = "fact")]
    since: Option<String>,
    /// 理由, 会留在花名册里 | Why; it stays in the roster
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// 学校代码; 默认本机构 | Code of the school; default: this organisation
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
}

impl Roster {
    pub(super) fn command(self) -> Command {
        let Self::Correct(a) = self;
        let Correct { teacher, hired, first_job, qualified_degree, stage, title, degree, post, head_teacher, since, reason, org } =
            a;
        let correction = RosterCorrection {
            teacher,
            org,
            hired,
            first_job,
            qualified_degree,
            stage,
            title,
            degree,
            post,
            head_teacher,
            since,
            reason,
        };
        Command::RosterCorrect(correction)
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "是" => Ok(true),
        "no" | "否" => Ok(false),
        _ => Err("yes | no".to_owned()),
    }
}
