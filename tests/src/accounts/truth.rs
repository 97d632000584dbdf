//! What gen.py wrote into `truth/` and `leaves.csv`: clean values, no rows of ours.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// How much gen.py shall make.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Schools.
    pub schools: u32,
    /// Teachers of each school.
    pub teachers: u32,
    /// Years, from 2008.
    pub years: u32,
}

impl Size {
    /// The first year.
    pub const FIRST_YEAR: u32 = 2008;

    /// The last day: `YYYY-12-31`.
    #[must_use]
    pub fn last_day(&self) -> String {
        format!("{}-12-31", Self::FIRST_YEAR + self.years - 1)
    }

    /// Runs gen.py; clean, or messy with its GB18030 twins.
    pub fn generate(&self, folder: &Path, messy: bool) {
        let tool = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tools/gen.py");
        let mut command = Command::new("python3");
        command.arg("-B").arg(tool).arg("--out").arg(folder);
        let sizes = [("--schools", self.schools), ("--teachers-per-school", self.teachers), ("--years", self.years)];
        sizes.iter().for_each(|(name, n)| _ = command.arg(name).arg(n.to_string()));
        if messy {
            command.args(["--messy", "--gbk"]);
        }
        let run = command.output().expect("python3 can be started");
        assert!(run.status.success(), "gen.py: {}", String::from_utf8_lossy(&run.stderr));
    }
}

/// A line of activities.jsonl.
#[derive(Clone, Debug)]
pub struct Activity {
    /// 活动编号
    pub id: String,
    /// Code of the organiser: of a school, of a county or city with a T, of a teacher's own degree with -D.
    pub org: String,
    /// Title.
    pub name: String,
    /// city, county, school, university.
    pub level: String,
    /// concentrated, …
    pub kind: String,
    /// `YYYY-MM-DD`.
    pub start: String,
    /// `YYYY-MM-DD`.
    pub end: String,
    /// Planned hours.
    pub planned_h100: u32,
    /// Tags of the rules.
    pub tags: Vec<String>,
    /// 是否注册
    pub registered: bool,
    /// When the plan was handed in.
    pub submitted: String,
    /// When it was approved; `None`: it was not.
    pub decided: Option<String>,
}

/// A line of registrations.jsonl.
#[derive(Clone, Debug)]
pub struct Registration {
    /// `ACTIVITY/TEACHER`, with #c a correction, with #d what the other registrar wrote.
    pub id: String,
    /// 教师编号
    pub teacher: String,
    /// 活动编号
    pub activity: String,
    /// school, organiser.
    pub by: String,
    /// `YYYY-MM-DD`.
    pub at: String,
    /// 实到学时
    pub attended_h100: u32,
    /// pass, fail.
    pub assessment: String,
    /// Approved, else pending.
    pub approved: bool,
    /// The registration it corrects.
    pub supersedes: Option<String>,
}

/// A line of roster.jsonl.
#[derive(Clone, Debug)]
pub struct Teacher {
    /// 教师编号
    pub id: String,
    /// Code of the school.
    pub school: String,
    /// Code of the county.
    pub county: String,
    /// kindergarten, primary, junior, senior.
    pub stage: String,
    /// `YYYY-MM-DD`.
    pub hired: String,
    /// First post?
    pub first_job: Option<bool>,
    /// 班主任?
    pub head_teacher: bool,
    /// 骨干教师?
    pub backbone: bool,
}

/// A line of leaves.csv.
#[derive(Clone, Debug)]
pub struct Leave {
    /// 教师编号
    pub teacher: String,
    /// 年度
    pub year: u16,
    /// 月数
    pub months: u8,
}

/// Everything that gen.py knows.
#[derive(Clone, Debug)]
pub struct Truth {
    /// By number.
    pub teachers: BTreeMap<String, Teacher>,
    /// By number.
    pub activities: BTreeMap<String, Activity>,
    /// In the order of the file: school by school.
    pub registrations: Vec<Registration>,
    /// In the order of the file.
    pub leaves: Vec<Leave>,
}

fn text(v: &Value, field: &str) -> String {
    v[field].as_str().unwrap_or_else(|| panic!("{field} in {v}")).to_owned()
}

fn h100(v: &Value, field: &str) -> u32 {
    u32::try_from(v[field].as_u64().unwrap()).unwrap()
}

fn lines<T>(path: &Path, read: impl Fn(&Value) -> T) -> Vec<T> {
    let all = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    all.lines().map(|l| read(&serde_json::from_str(l).unwrap())).collect()
}

impl Truth {
    /// Reads a folder that gen.py wrote without `--messy`.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let file = |name: &str| folder.join("truth").join(name);
        let activities = lines(&file("activities.jsonl"), activity).into_iter().map(|a| (a.id.clone(), a)).collect();
        let teachers = lines(&file("roster.jsonl"), teacher).into_iter().map(|t| (t.id.clone(), t)).collect();
        let leaves = fs::read_to_string(folder.join("leaves.csv")).unwrap();
        let leave = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            Leave { teacher: cells[0].to_owned(), year: cells[2].parse().unwrap(), months: cells[3].parse().unwrap() }
        };
        Self {
            teachers,
            activities,
            registrations: lines(&file("registrations.jsonl"), registration),
            leaves: leaves.lines().skip(1).map(leave).collect(),
        }
    }
}

fn activity(v: &Value) -> Activity {
    let plan = &v["plan"];
    Activity {
        id: text(v, "id"),
        org: text(v, "org"),
        name: text(v, "name"),
        level: text(v, "org_level"),
        kind: text(v, "kind"),
        start: text(v, "start"),
        end: text(v, "end"),
        planned_h100: h100(v, "planned_h100"),
        tags: v["tags"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect(),
        registered: v["registered"] == true,
        submitted: text(plan, "submitted"),
        decided: (plan["state"] == "approved").then(|| text(plan, "decided")),
    }
}

fn registration(v: &Value) -> Registration {
    Registration {
        id: text(v, "id"),
        teacher: text(v, "teacher"),
        activity: text(v, "activity"),
        by: text(v, "by"),
        at: text(v, "at"),
        attended_h100: h100(v, "attended_h100"),
        assessment: text(v, "assessment"),
        approved: v["audit"] == "approved",
        supersedes: v["supersedes"].as_str().map(str::to_owned),
    }
}

fn teacher(v: &Value) -> Teacher {
    let id = text(v, "id");
    Teacher {
        county: id[..6].to_owned(),
        id,
        school: text(v, "school"),
        stage: text(v, "stage"),
        hired: text(v, "hired"),
        first_job: Some(v["first_job"] == true),
        head_teacher: v["head_teacher"] == true,
        backbone: v["backbone"] == true,
    }
}
