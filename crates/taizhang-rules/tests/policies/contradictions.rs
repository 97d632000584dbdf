//! Policies that read and make no sense: which rules are named, and how bad it is.

use taizhang_rules::policy::check::{Severity, check};

use super::read;

const HEAD: &str = r#"schema = 1
[policy]
id = "test"
title = "test"
doc_no = ""
jurisdiction = ""
issued = ""
effective_from = "2020-01-01"
effective_to = "2024-12-31"
account_unit = "h100"
stages = ["primary", "junior"]
complete = true
[cycle]
years = 5
start = "2020-01-01"
year_start = "01-01"
source = "x"
[engine]
recognise = "attended"
year_of = "end_date"
prorate = "none"
transfer_in_outside = "automatic"
degree_substitutes = "none"
"#;

/// Buckets c (8 hours a credit), n (10), h (hours only), degree (20).
const CONVERTS: &str = "
C convert kinds=['concentrated'] bucket='c' h100_per_credit=800
N convert kinds=['nonconcentrated'] bucket='n' h100_per_credit=1000
H convert kinds=['school_based'] bucket='h' h100_per_credit=0
D convert kinds=['degree'] bucket='degree' h100_per_credit=2000";

/// Rules, one a line: id, type, fields.
fn rules(short: &str) -> String {
    let rule = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (id, kind, fields) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or(""));
        // A field begins after a space outside of brackets and quotes.
        let (mut depth, mut quoted, mut text) = (0, false, String::new());
        for c in fields.chars() {
            quoted ^= c == '\'';
            depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
            text.push(if c == ' ' && depth == 0 && !quoted { '\n' } else { c });
        }
        format!("[[rule]]\nid=\"{id}\"\ntype=\"{kind}\"\n{text}\nsource=\"x\"\n")
    };
    short.lines().map(str::trim).filter(|line| !line.is_empty()).map(rule).collect()
}

fn findings(head: &str, short: &str) -> Vec<(Severity, String, String, String)> {
    let policy = read(&format!("{head}{}", rules(short)));
    check(&policy).into_iter().map(|f| (f.severity, f.rules.join(" "), f.en, f.zh)).collect()
}

/// How bad, the ids, part of the English words, the rules beside [`CONVERTS`].
type Row = (Severity, &'static str, &'static str, &'static str);
use Severity::{Refused, Warning};

const HOURS: &[Row] = &[
    (
        Refused,
        "C C2",
        "two rules convert the same kind: concentrated",
        "C2 convert kinds=['concentrated','online'] bucket='n' h100_per_credit=1000",
    ),
    (Refused, "C C2", "two rates: 800 and 900", "C2 convert kinds=['online'] bucket='c' h100_per_credit=900"),
    (Refused, "C C2", "two rates: 800 and 0", "C2 convert kinds=['online'] bucket='c' h100_per_credit=0"),
    (Refused, "H M", "bucket 'h' has no rate", "M min who='all' scope='cycle' unit='c100' buckets=['c','h'] value=100"),
    (Refused, "H M", "bucket 'h' has no rate", "M cap bucket='h' scope='year' unit='c100' value=100"),
    (
        Refused,
        "H M",
        "bucket 'h' has no rate",
        "M min_any who='all' unit='c100' buckets=['h'] options=[{window_years=2, value=100}]",
    ),
    (
        Refused,
        "M",
        "no rule converts anything into bucket 'x'",
        "M min who='all' scope='cycle' unit='h100' buckets=['c','x'] value=100",
    ),
    (Refused, "M", "bucket 'x'", "M cap bucket='x' scope='year' unit='h100' value=100"),
    (Refused, "M", "bucket 'x'", "M min_any who='all' unit='days' buckets=['x'] options=[{window_years=2, value=100}]"),
    (Refused, "M", "bucket 'x'", "M programme programme='p' min_h100=100 about={x=50} about_tolerance_bp=0"),
    (
        Refused,
        "M",
        "bucket 'x'",
        "M coverage window_from='2020-01-01' window_to='2024-12-31' bucket='x' bp=10000 distinct='teacher'",
    ),
    (Warning, "A B", "say the same", "A plan_required kinds=['concentrated']\nB plan_required kinds=['concentrated']"),
];

const LIMITS: &[Row] = &[
    (
        Refused,
        "K M",
        "at most 900 c100 count under the caps, 1000",
        "K cap bucket='c' scope='cycle' unit='c100' value=900\nM min who='all' scope='cycle' unit='c100' buckets=['c'] value=1000",
    ),
    (
        Refused,
        "K M",
        "at most 500 c100",
        "K cap bucket='c' scope='year' unit='c100' value=100\nM min who='all' scope='cycle' unit='c100' buckets=['c'] value=501",
    ),
    (
        Refused,
        "K M",
        "at most 7200 h100 count under the caps, 7201",
        "K cap bucket='c' scope='year' unit='c100' value=900\nM min who='trainer' scope='year' unit='h100' buckets=['c'] value=7201",
    ),
    (
        Refused,
        "K M",
        "at most 100 c100 count under the caps, 101",
        "K cap bucket='c' scope='year' unit='h100' value=800\nM min who='all' scope='year' unit='c100' buckets=['c'] value=101",
    ),
    (
        Refused,
        "K M",
        "at most 1600 h100",
        "K cap bucket='h' scope='year' unit='h100' value=800\nM min who='new_teacher' scope='probation' unit='h100' buckets=['h'] value=1601",
    ),
    (
        Refused,
        "K L M",
        "at most 300 c100",
        "K cap bucket='c' scope='cycle' unit='c100' value=100\nL cap bucket='n' scope='cycle' unit='c100' value=200\nM min who='all' scope='cycle' unit='c100' buckets=['n','c'] value=301",
    ),
    (
        Refused,
        "K M",
        "5 yearly minimums are 1005 h100, at most 1000",
        "K cap bucket='h' scope='cycle' unit='h100' value=1000\nM min who='all' scope='year' unit='h100' buckets=['h'] value=201",
    ),
    (
        Refused,
        "A B",
        "two caps of one bucket",
        "A cap bucket='c' scope='year' unit='c100' value=100\nB cap bucket='c' scope='year' unit='h100' value=801",
    ),
    (
        Warning,
        "A B",
        "above that of the cycle",
        "A cap bucket='c' scope='year' unit='c100' value=101\nB cap bucket='c' scope='cycle' unit='h100' value=800",
    ),
    (
        Warning,
        "A B",
        "stay below that of the cycle",
        "A cap bucket='c' scope='year' unit='c100' value=100\nB cap bucket='c' scope='cycle' unit='c100' value=501",
    ),
];

const NEEDS: &[Row] = &[
    (
        Refused,
        "A B",
        "two values: 100 and 200",
        "A min who='all' scope='cycle' unit='h100' buckets=['c','n'] value=100\nB min who='all' scope='cycle' unit='h100' buckets=['n','c'] value=200",
    ),
    (
        Warning,
        "A B",
        "say the same",
        "A min who='all' scope='cycle' unit='h100' buckets=['c'] value=100\nB min who='all' scope='cycle' unit='h100' buckets=['c'] value=100",
    ),
    (
        Warning,
        "A B",
        "in two units",
        "A min who='all' scope='cycle' unit='h100' buckets=['c'] value=100\nB min who='all' scope='cycle' unit='c100' buckets=['c'] value=100",
    ),
    (
        Refused,
        "A B",
        "a part (4001) is asked to be more than the whole (4000)",
        "A min who='new_teacher' scope='probation' unit='h100' buckets=['c','n'] value=4000\nB min who='new_teacher' scope='probation' unit='h100' buckets=['c'] value=4001",
    ),
    (
        Refused,
        "A B",
        "a part (501) is asked",
        "A min who='all' scope='cycle' unit='h100' buckets=['c'] value=4000\nB min who='all' scope='cycle' unit='c100' buckets=['c'] tags_any=['preservice'] value=501",
    ),
    (
        Refused,
        "A",
        "both asked for and excluded: preservice",
        "A min who='all' scope='cycle' unit='h100' buckets=['c'] tags_any=['preservice'] tags_exclude=['preservice'] value=1",
    ),
    (
        Warning,
        "A",
        "do not offer these tags: pre_service",
        "A min who='all' scope='cycle' unit='h100' buckets=['c'] tags_exclude=['pre_service'] value=1",
    ),
    (Warning, "A", "knows no role 'hed_teacher'", "A min who='hed_teacher' scope='cycle' unit='h100' buckets=['c'] value=1"),
    (Refused, "A", "goes with probation only", "A min who='new_teacher' scope='year' unit='h100' buckets=['c'] value=1"),
    (Warning, "A", "reaches every new teacher", "A min who='trainer' scope='probation' unit='h100' buckets=['c'] value=1"),
    (
        Warning,
        "A B",
        "48 x 5 = 240, less than 360",
        "A min who='all' scope='year' unit='c100' buckets=['c'] value=48\nB min who='all' scope='cycle' unit='c100' buckets=['c'] value=360",
    ),
    (
        Warning,
        "A B",
        "500 x 5 = 2500, more than 2400",
        "A min who='all' scope='cycle' unit='c100' buckets=['c'] value=300\nB min who='all' scope='year' unit='h100' buckets=['c'] value=500",
    ),
    (
        Warning,
        "A",
        "6 years is longer than the cycle",
        "A min_any who='all' unit='days' buckets=['c'] options=[{window_years=6, value=1}]",
    ),
    (
        Warning,
        "A",
        "option of 50 in 2 years is idle",
        "A min_any who='all' unit='days' buckets=['c'] options=[{window_years=2, value=50}, {window_years=3, value=50}]",
    ),
];

const ACTIVITIES: &[Row] = &[
    (Warning, "A", "count nowhere anyway: online", "A plan_required kinds=['online','concentrated']"),
    (Refused, "A", "asks for nothing", "A eligible kinds=['degree'] reason='not_eligible'"),
    (
        Refused,
        "A B",
        "none in common",
        "A eligible kinds=['concentrated'] org_levels=['city'] reason='not_eligible'\nB eligible kinds=['concentrated','degree'] org_levels=['county','school'] reason='not_eligible'",
    ),
    (Refused, "A", "takes every activity", "A forfeit kinds=['concentrated'] measure='absent_share' num=0 den=5 cmp='ge'"),
    (Refused, "A", "takes every activity", "A forfeit kinds=['concentrated'] measure='leave_halfdays' value=0 cmp='ge'"),
    (Refused, "A", "it never applies", "A forfeit kinds=['concentrated'] measure='absent_share' num=5 den=5 cmp='gt'"),
    (Refused, "A", "it never applies", "A forfeit kinds=['concentrated'] measure='absent_share' num=6 den=5 cmp='ge'"),
    (
        Warning,
        "A B",
        "the stricter one decides",
        "A forfeit kinds=['concentrated'] measure='absent_share' num=1 den=5 cmp='ge'\nB forfeit kinds=['concentrated'] measure='absent_share' num=1 den=4 cmp='ge'",
    ),
    (
        Refused,
        "A B",
        "allows a retake",
        "A assessment kinds=['concentrated'] retake=true\nB assessment kinds=['concentrated','degree'] retake=false",
    ),
    (
        Refused,
        "A B",
        "5 and 3 years",
        "A ban triggers=['no_show'] years=5 org_levels=['province']\nB ban triggers=['no_show','serious_breach'] years=3 org_levels=['province']",
    ),
    (
        Warning,
        "A",
        "asked of these stages: junior",
        "A eligible_degree min_level={primary='bachelor'} reason='degree_level_too_low'",
    ),
    (
        Warning,
        "A",
        "not for these stages: senior",
        "A eligible_degree min_level={primary='bachelor', junior='master', senior='master'} reason='degree_level_too_low'",
    ),
    (Warning, "A", "nothing can repeat", "A repeat_slot weekdays=[2] period=3 h100=100 count_once_per='content_id'"),
    (
        Warning,
        "A B",
        "is enough",
        "A repeat_slot weekdays=[2,4] period=3 h100=100 count_once_per='content_id'\nB repeat_slot weekdays=[1,3] period=3 h100=100 count_once_per='content_id'",
    ),
];

const OFFICES: &[Row] = &[
    (Warning, "A", "weeks and hours disagree", "A programme programme='p' min_weeks=4 min_h100=16001"),
    (
        Warning,
        "A",
        "the parts are at least 8000",
        "A programme programme='p' min_h100=7999 about={c=5000, n=5000} about_tolerance_bp=2000",
    ),
    (
        Refused,
        "A B",
        "two rules about programme 'p'",
        "A programme programme='p' min_h100=100\nB programme programme='p' min_h100=200",
    ),
    (
        Refused,
        "A",
        "there is no programme 'p'",
        "A share_limit programme='p' bucket='n' base='planned_total' bp_max=3000 severity='soft'",
    ),
    (
        Refused,
        "A B",
        "a part that the other forbids",
        "A programme programme='p' min_h100=100 about={n=50} about_tolerance_bp=0\nB share_limit programme='p' bucket='n' base='planned_total' bp_max=0 severity='hard'",
    ),
    (
        Refused,
        "B D2",
        "two limits for the same share",
        "A programme programme='p' min_h100=100\nB share_limit programme='p' bucket='n' base='planned_total' bp_max=1 severity='hard'\nD2 share_limit programme='p' bucket='n' base='planned_total' bp_max=2 severity='hard'",
    ),
    (Refused, "A", "the parts add up to 3, the total is 4", "A quota year=2020 org_level='city' total=4 parts={x=1, y=2}"),
    (
        Refused,
        "A B",
        "two quotas for the same year",
        "A quota year=2020 org_level='city' total=1 parts={x=1}\nB quota year=2020 org_level='city' total=2 parts={x=2}",
    ),
    (
        Refused,
        "A B S",
        "the years add up to 3, the total is 4",
        "A quota year=2020 org_level='city' total=1 parts={x=1}\nB quota year=2021 org_level='city' total=2 parts={x=2}\nS quota_sum org_level='city' years=[2020, 2021] total=4",
    ),
    (
        Refused,
        "S",
        "no quota of these years: 2021",
        "A quota year=2020 org_level='city' total=1 parts={x=1}\nB quota year=2021 org_level='county' total=2 parts={x=2}\nS quota_sum org_level='city' years=[2020, 2021] total=1",
    ),
    (
        Refused,
        "A",
        "add up to 9999",
        "A coverage window_from='2020-01-01' window_to='2022-12-31' bucket='c' bp=4000 split_bp=[3000,3000,3999] rounding='cumulative_ceil' distinct='teacher'",
    ),
    (
        Refused,
        "A",
        "2 shares for a window of 3 years",
        "A coverage window_from='2020-01-01' window_to='2022-12-31' bucket='c' bp=4000 split_bp=[5000,5000] rounding='cumulative_ceil' distinct='teacher'",
    ),
    (
        Refused,
        "A B",
        "two shares for the same coverage",
        "A coverage window_from='2020-01-01' window_to='2022-12-31' bucket='c' bp=4000 distinct='teacher'\nB coverage window_from='2020-01-01' window_to='2022-12-31' bucket='c' bp=5000 distinct='teacher'",
    ),
    (
        Refused,
        "A",
        "a higher degree is asked of more",
        "A degree_target bp={primary_associate=10, primary_bachelor=20} bp_rural={primary_associate=10, primary_bachelor=10} under_age=45",
    ),
    (Warning, "A", "name other degrees", "A degree_target bp={primary_associate=10} bp_rural={primary_bachelor=10} under_age=45"),
    (
        Warning,
        "A",
        "not for these stages: senior_master",
        "A degree_target bp={senior_master=10} bp_rural={primary_bachelor=10} under_age=45",
    ),
    (
        Refused,
        "A B",
        "chosen in two ways",
        "A select what='excellent_trainee' bp=2000 of='completed' rounding='floor'\nB select what='excellent_trainee' bp=1000 of='completed' rounding='floor'",
    ),
    (
        Refused,
        "A B",
        "two shares of the same money",
        "A fund base='staff_payroll' bp=300 holder='county_government'\nB fund base='staff_payroll' bp=200 holder='county_government' uses=['travel']",
    ),
];

const PAPERS: &[Row] = &[
    (
        Warning,
        "A B",
        "two registrars for the same activities, the first one (school)",
        "A authority kinds=['concentrated'] register_by='school'\nB authority org_levels=['city'] register_by='organiser'",
    ),
    (
        Warning,
        "A",
        "it reaches nothing",
        "A deadline what='plan' kinds=['enterprise'] anchor='activity_start' months_before=1 submit_to='x'",
    ),
    (Warning, "A", "counted from a day of something else", "A deadline what='semester_plan' anchor='year_start' submit_to='x'"),
    (Warning, "A", "not in force on 2025-01-01", "A deadline what='plan' anchor='fixed' date='2025-01-01' submit_to='x'"),
    (
        Refused,
        "A B",
        "due to the same office on two days",
        "A deadline what='plan' kinds=['concentrated'] anchor='activity_start' months_before=1 submit_to='x'\nB deadline what='plan' org_levels=['city'] anchor='activity_start' months_before=2 submit_to='x'",
    ),
    (Warning, "A", "not in force on any day", "A window what='enrolment' from='2025-01-01' to='2025-01-02'"),
    (
        Warning,
        "A",
        "not in force on any day",
        "A coverage window_from='2018-01-01' window_to='2019-12-31' bucket='c' bp=4000 distinct='teacher'",
    ),
];

#[test]
fn each_contradiction_names_its_rules() {
    for (severity, ids, said, short) in [HOURS, LIMITS, NEEDS, ACTIVITIES, OFFICES, PAPERS].into_iter().flatten() {
        let found = findings(HEAD, &format!("{CONVERTS}\n{short}"));
        let hit = found.iter().find(|(_, _, en, _)| en.contains(said)).unwrap_or_else(|| panic!("{said}: {found:#?}\n{short}"));
        assert_eq!((&hit.0, hit.1.as_str()), (severity, *ids), "{short}");
        assert!(!hit.3.is_ascii(), "{short}");
        // Nothing else is refused by the way.
        let refused = found.iter().filter(|f| f.0 == Refused).count();
        let alone = refused == usize::from(*severity == Refused);
        assert!(alone || short.contains("buckets=['c','h']"), "{short}: {found:#?}");
    }
    assert_eq!(findings(HEAD, CONVERTS), []);
}

/// What is as near to a contradiction as can be and is none.
#[test]
fn nothing_is_said_of_these() {
    for short in [
        "K cap bucket='c' scope='cycle' unit='c100' value=1000\nM min who='all' scope='cycle' unit='c100' buckets=['c'] value=1000",
        "K cap bucket='c' scope='cycle' unit='c100' value=1\nM min who='all' scope='cycle' unit='c100' buckets=['c','n'] value=1000",
        "K cap bucket='h' scope='year' unit='h100' value=800\nM min who='new_teacher' scope='probation' unit='h100' buckets=['h'] value=1600",
        "A min who='all' scope='year' unit='c100' buckets=['c'] value=72\nB min who='all' scope='cycle' unit='c100' buckets=['c'] value=360",
        "A min who='all' scope='year' unit='c100' buckets=['c'] value=48\nB min who='trainer' scope='cycle' unit='c100' buckets=['c'] value=360",
        "A min who='all' scope='cycle' unit='c100' buckets=['c'] value=500\nB min who='all' scope='cycle' unit='c100' buckets=['n'] value=600",
        "A min who='all' scope='cycle' unit='h100' buckets=['c'] tags_exclude=['preservice'] value=1\nB min who='all' scope='cycle' unit='h100' buckets=['c'] tags_any=['preservice'] value=2",
        "A min_any who='voc_professional' unit='days' buckets=['h'] options=[{window_years=5, value=130}, {window_years=2, value=43}]",
        "A eligible kinds=['concentrated'] org_levels=['city'] reason='not_eligible'\nB eligible kinds=['nonconcentrated'] org_levels=['county'] reason='not_eligible'",
        "A quota year=2020 org_level='city' total=1 parts={x=1}\nB quota year=2020 org_level='county' total=2 parts={x=2}",
        "A authority org_levels=['city'] register_by='school'\nB authority org_levels=['county'] register_by='organiser'",
        "A deadline what='plan' anchor='activity_start' months_before=1 submit_to='x'\nB deadline what='plan' anchor='activity_start' months_before=2 submit_to='y'",
    ] {
        assert_eq!(findings(HEAD, &format!("{CONVERTS}\n{short}")), [], "{short}");
    }
}

#[test]
fn about_the_policy_as_a_whole() {
    let rows: &[(&str, &str, Severity, &str)] = &[
        ("year_start = \"01-01\"", "year_start = \"09-01\"", Refused, "years would not fit into the cycle"),
        ("start = \"2020-01-01\"", "start = \"2021-01-01\"", Warning, "activities before the first cycle (2021-01-01)"),
        ("start = \"2020-01-01\"", "start = \"2025-01-01\"", Refused, "ends before its first cycle"),
        ("issued = \"\"", "issued = \"2020-06-01\"", Severity::Note, "from a day before it was issued"),
        ("complete = true", "complete = false", Severity::Note, "the text at hand is not whole"),
        ("degree_substitutes = \"none\"", "degree_substitutes = \"n\"", Warning, "no minimum counts both"),
        ("source = \"x\"", "source = \"decision D-15\"", Severity::Note, "rests on decision D-15"),
        ("account_unit = \"h100\"", "account_unit = \"c100\"", Warning, "the hours of these rules give none"),
    ];
    for (from, to, severity, said) in rows {
        assert!(HEAD.contains(from));
        let found = findings(&HEAD.replace(from, to), CONVERTS);
        let hit = found.iter().find(|(_, _, en, _)| en.contains(said)).unwrap_or_else(|| panic!("{to}: {found:#?}"));
        assert_eq!(hit.0, *severity, "{to}");
    }
    let credits = HEAD.replace("account_unit = \"h100\"", "account_unit = \"c100\"");
    let found = findings(&credits, "H convert kinds=['school_based'] bucket='h' h100_per_credit=0");
    assert_eq!((found[0].0, found[0].1.as_str()), (Refused, "H"));
}

#[test]
fn an_overlay_leans_on_its_base() {
    let overlay = HEAD.replace("complete = true", "complete = true\noverlay = true");
    let short = "M min who='all' scope='cycle' unit='c100' buckets=['x'] value=100";
    assert_eq!(findings(HEAD, short)[0].0, Refused);
    let found = findings(&overlay, short);
    assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, Warning, "M"));
}
