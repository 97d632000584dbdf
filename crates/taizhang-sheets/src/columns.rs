//! The columns of every kind of sheet: our name, other names, whether it must be there, whether a cell that can't be read costs the row.

/// One column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// As on our forms; the name in findings.
    pub(crate) name: &'static str,
    /// Other names; compared after NFKC, without white space, in lower case.
    pub(crate) also: &'static [&'static str],
    /// Must it be there?
    pub(crate) need: Need,
    /// Keys, hours and dates: a cell that can't be read costs the row.
    pub(crate) strict: bool,
    /// Its cells are about a person.
    pub(crate) personal: bool,
    /// A code that every row of data has and totals and signatures lack.
    pub(crate) key: bool,
}

/// Must a column be there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The column, and every cell filled.
    Filled,
    /// The column; cells may be empty.
    Present,
    /// Neither.
    Optional,
}

const fn column(name: &'static str, also: &'static [&'static str]) -> Column {
    Column { name, also, need: Need::Optional, strict: false, personal: false, key: false }
}

impl Column {
    const fn filled(mut self) -> Self {
        self.need = Need::Filled;
        self.strict = true;
        self
    }

    const fn key(mut self) -> Self {
        self.key = true;
        self.filled()
    }

    const fn present(mut self) -> Self {
        self.need = Need::Present;
        self
    }

    const fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    const fn personal(mut self) -> Self {
        self.personal = true;
        self
    }
}

macro_rules! sheet {
    ($(#[$doc:meta])* $module:ident { $($name:ident = $column:expr;)* }) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use super::{Column, column};
            $(pub(crate) const $name: Column = $column;)*
            pub(crate) const ALL: &[&Column] = &[$(&$name),*];
        }
    };
}

sheet! {
    /// 机构代码表.
    orgs {
        CODE = column("机构代码", &["代码", "单位代码", "机构编号", "学校代码", "学校标识码"]).key();
        TYPE = column("机构类型", &["类型", "单位类型", "机构类别"]).filled();
        NAME = column("机构名称", &["名称", "单位名称", "学校名称", "单位"]).filled();
        PARENT = column("上级代码", &["上级机构代码", "上级单位代码", "主管单位代码", "上级"]).present().strict();
    }
}
sheet! {
    /// 教师花名册.
    roster {
        SEQ = column("序号", &["编号序号", "no.", "no"]);
        TEACHER = column("教师编号", &["教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        NAME = column("姓名", &["教师姓名"]).filled().personal();
        SEX = column("性别", &[]).personal();
        ID = column("身份证号", &["身份证号码", "身份证", "公民身份号码", "证件号码", "证件号"]).personal();
        BIRTH = column("出生日期", &["出生年月", "出生年月日", "生日"]).strict().personal();
        ETHNIC = column("民族", &[]).personal();
        HIRED = column("参加工作时间", &["参加工作日期", "参加工作年月", "工作时间", "入职日期", "入职时间"]).filled();
        STAGE = column("任教学段", &["学段", "所教学段"]).filled();
        SUBJECT = column("任教学科", &["学科", "所教学科", "任教科目"]);
        TITLE = column("职称", &["专业技术职务", "专业技术职称"]);
        DEGREE = column("学历", &["最高学历"]);
        HEAD_TEACHER = column("是否班主任", &["班主任"]);
        FIRST_JOB = column("是否首次任教", &["首次任教", "是否新任教师", "新任教师"]);
        POST = column("岗位类别", &["岗位", "类别", "教师类别"]);
        PHONE = column("联系电话", &["电话", "手机", "手机号", "手机号码", "联系方式"]).personal();
        REMARK = column("备注", &["说明"]).personal();
    }
}
sheet! {
    /// 培训计划一览表.
    activities {
        ACTIVITY = column("活动编号", &["项目编号", "培训编号", "活动代码", "登记号"]).key();
        TITLE = column("活动名称", &["项目名称", "培训名称", "活动", "项目", "培训项目"]).filled();
        ORGANISER = column("组织单位", &["主办单位", "承办单位", "举办单位", "培训机构"]).present();
        LEVEL = column("组织级别", &["级别", "培训级别", "层次"]).filled();
        KIND = column("培训类别", &["类别", "培训类型", "培训方式"]).filled();
        START = column("开始日期", &["起始日期", "开始时间", "起始时间"]).filled();
        END = column("结束日期", &["截止日期", "结束时间", "终止日期"]).filled();
        PLANNED = column("计划学时", &["学时", "培训学时", "总学时"]).filled();
        SUBMITTED = column("方案报送日期", &["报送日期", "方案上报日期", "申报日期"]).strict();
        STATE = column("审核状态", &["审核情况", "状态"]);
        DECIDED = column("审核日期", &["审批日期", "批准日期"]).strict();
        REGISTERED = column("是否注册", &["注册", "是否备案"]);
        TAGS = column("标签", &["标记"]);
    }
}
sheet! {
    /// 考勤及学时登记表.
    attendance {
        SEQ = column("序号", &["no.", "no"]);
        ACTIVITY = column("活动编号", &["项目编号", "培训编号", "活动代码"]).key();
        TITLE = column("活动名称", &["项目名称", "培训名称", "活动", "项目", "培训项目"]);
        TEACHER = column("教师编号", &["教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        NAME = column("姓名", &["教师姓名"]).personal();
        PLANNED = column("应到学时", &["计划学时", "应修学时"]).filled();
        ATTENDED = column("实到学时", &["实际学时", "实修学时", "完成学时"]).filled();
        LATE = column("迟到次数", &["迟到"]);
        EARLY = column("早退次数", &["早退"]);
        LEAVE = column("请假天数", &["请假", "请假(天)"]);
        ASSESSMENT = column("考核结果", &["考核", "考核情况", "成绩"]).present();
        DAY = column("登记日期", &["登记时间", "日期"]).strict();
        REMARK = column("备注", &["说明"]).personal();
    }
}
sheet! {
    /// 签到表; its sessions are further columns, see `header::session_of`.
    signin {
        SEQ = column("序号", &["no.", "no"]);
        TEACHER = column("教师编号", &["教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        NAME = column("姓名", &["教师姓名"]).personal();
    }
}
sheet! {
    /// 校外培训登记: trainings done elsewhere. The English names are the fields of the JSON form.
    registrations {
        ID = column("登记编号", &["id", "登记号", "编号"]).strict();
        TEACHER = column("教师编号", &["teacher_id", "教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        TITLE = column("培训名称", &["title", "活动名称", "项目名称", "培训项目"]).filled();
        KIND = column("培训类别", &["kind", "类别", "培训类型", "培训方式"]).filled();
        HOURS = column("学时", &["hours", "实到学时", "培训学时", "完成学时"]).filled();
        START = column("开始日期", &["start", "起始日期", "开始时间"]).filled();
        END = column("结束日期", &["end", "截止日期", "结束时间"]).filled();
        ORGANISER = column("组织单位", &["organizer", "organiser", "主办单位", "承办单位", "举办单位", "培训机构"]).filled();
        LEVEL = column("组织级别", &["level", "级别", "培训级别"]);
        BY = column("登记人", &["recorded_by", "录入人", "经办人"]).personal();
        AT = column("登记时间", &["recorded_at", "录入时间"]).strict();
    }
}
sheet! {
    /// 调动登记表.
    transfers {
        TEACHER = column("教师编号", &["教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        NAME = column("姓名", &["教师姓名"]).personal();
        FROM_CODE = column("调出学校代码", &["调出单位代码"]).filled();
        FROM_NAME = column("调出学校", &["调出单位"]);
        TO_CODE = column("调入学校", &["调入学校代码", "调入单位代码"]).filled();
        DAY = column("调动日期", &["调动时间"]).filled();
        NOTE = column("档案", &["备注", "说明"]).personal();
    }
}
sheet! {
    /// 减免登记表.
    leaves {
        TEACHER = column("教师编号", &["教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        NAME = column("姓名", &["教师姓名"]).personal();
        YEAR = column("年度", &["年份"]).filled();
        MONTHS = column("月数", &["减免月数"]).filled();
        REASON = column("原因", &["事由"]).personal();
        BY = column("批准单位", &["审批单位"]);
    }
}
sheet! {
    /// 更正登记表.
    corrections {
        TARGET = column("原登记编号", &["原登记号", "原编号"]).filled();
        TEACHER = column("教师编号", &["教师号", "工号", "教工号", "职工号", "教师代码", "人员编号"]).key();
        ACTIVITY = column("活动编号", &["项目编号", "培训编号", "活动代码"]).key();
        OLD = column("原学时", &[]).filled();
        NEW = column("更正学时", &["更正后学时", "现学时"]).filled();
        DAY = column("更正日期", &["更正时间"]).filled();
        REASON = column("原因", &["更正原因", "事由"]).filled().personal();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_column_of_a_sheet() {
        for sheet in [
            orgs::ALL,
            roster::ALL,
            activities::ALL,
            attendance::ALL,
            signin::ALL,
            registrations::ALL,
            transfers::ALL,
            leaves::ALL,
            corrections::ALL,
        ] {
            let mut names: Vec<String> =
                sheet.iter().flat_map(|c| c.also.iter().chain([&c.name])).map(|n| crate::header::plain(n)).collect();
            names.sort();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{names:?}");
        }
    }

    #[test]
    fn the_documentation_names_every_column() {
        let text = include_str!("../../../docs/sheets.md");
        let sections: Vec<&str> = text.split("\n### ").skip(1).collect();
        let sheets = [
            orgs::ALL,
            roster::ALL,
            activities::ALL,
            attendance::ALL,
            signin::ALL,
            registrations::ALL,
            transfers::ALL,
            leaves::ALL,
            corrections::ALL,
        ];
        assert_eq!(sections.len(), sheets.len());
        for (section, sheet) in sections.iter().zip(sheets) {
            for column in sheet {
                let start = format!("| {} | {} |", column.name, column.also.join("、"));
                assert!(section.lines().any(|l| l.starts_with(&start)), "{start}");
            }
        }
    }
}
