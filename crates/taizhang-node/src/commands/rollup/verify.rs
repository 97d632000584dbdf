//! Is a rollup so? Three levels, each reported with `pass`, `fail`, `not_possible` or `not_asked`.
//!
//! 1. *statement*: signature, admission and standing of its entry; the attachments are the bytes that it names, its roots those of its lists, its totals the sums of its lines.
//! 2. *sample*: of the teachers that the seed chooses, and of their schools, the lines are made again from the signed entries; inclusion proofs lead from them to the signed root. The seed is the one that someone above published for this rollup ([`super::seed`]), or one given on the spot.
//! 3. *deep*: everything is made again from the named inputs and compared to the byte.
//!
//! What is not here is no failure: the documents that are missing are named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    admission::{AdmittedEntry, Signature},
    entries::Entries,
    id::{DocId, EntryId, OrgId},
    rows::Rollup,
    standing::{Judge, Standing},
};
use taizhang_rules::{
    RULES_VERSION,
    rollup::{
        Inputs, Lines, TeacherLine, Years,
        check::{self, Difference, LineName},
        replay::{self, Basis, Replay, ReplayError},
        sample,
    },
};

use super::{
    super::{Context, shown},
    Found, find,
    problem::{self, Problem},
    seed::Seeds,
};
use crate::{
    command::Reply,
    core::Core,
    error::{CommandError, ErrorKind, Text},
    random, said,
};

/// What one level came to.
enum Verdict {
    Pass(Json),
    Fail(Vec<Problem>, Json),
    NotPossible(String, Json),
    NotAsked,
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Fail(..) => "fail",
            Self::NotPossible(..) => "not_possible",
            Self::NotAsked => "not_asked",
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Pass(data) => json!({ "verdict": self.word(), "data": data }),
            Self::Fail(problems, data) => {
                let of = |pick: fn(&Problem) -> &String| problems.iter().map(pick).collect::<Vec<_>>();
                json!({
                    "verdict": self.word(), "problems": of(|p| &p.said), "problems_zh": of(|p| &p.text.zh),
                    "problems_en": of(|p| &p.text.en), "data": data,
                })
            }
            Self::NotPossible(why, data) => {
                json!({ "verdict": self.word(), "why": why, "why_zh": said::text(why).zh, "data": data })
            }
            Self::NotAsked => json!({ "verdict": self.word() }),
        }
    }
}

/// What a verification works with.
struct Case<'a> {
    core: &'a Core,
    found: &'a Found,
    inputs: Inputs,
    lines: Lines,
}

/// How the teachers of the sample are chosen.
enum Choice {
    /// Nobody asked for a sample.
    None,
    /// On the spot: so many, by this seed.
    Given(usize, String),
    /// By what was published for this rollup; so many teachers each, where that was said.
    Published(Seeds, Option<u64>),
}

impl Choice {
    fn of(c: &mut Context<'_>, found: &Found, k: Option<usize>, seed: Option<&str>) -> Result<Self, CommandError> {
        if let (Some(k), Some(seed)) = (k, seed) {
            return Ok(Self::Given(k, seed.to_owned()));
        }
        let seeds = Seeds::of(c.core, found)?;
        match k {
            Some(k) if seeds.above.is_empty() => {
                c.note(
                    "上级没有为这份汇总发布抽查种子: 由本机抽取一个",
                    "nobody above published a seed for this rollup: one is drawn here",
                );
                Ok(Self::Given(k, super::hex(&random::bytes::<16>()?)))
            }
            None if seeds.above.is_empty() && seeds.own.is_empty() => Ok(Self::None),
            _ => Ok(Self::Published(seeds, k.map(|k| k as u64))),
        }
    }

    fn json(&self, core: &Core) -> (Json, Json) {
        match self {
            Self::None => (Json::Null, Json::Null),
            Self::Given(_, seed) => (json!(seed), Json::Null),
            Self::Published(seeds, _) => (Json::Null, seeds.json(core)),
        }
    }
}

/// Verifies one rollup; what was not asked is not done.
pub(crate) fn verify(
    c: &mut Context<'_>,
    id: &str,
    deep: bool,
    sample: Option<usize>,
    seed: Option<&str>,
) -> Result<Reply, CommandError> {
    let found = find(c.core, id)?;
    let choice = Choice::of(c, &found, sample, seed)?;
    c.progress("statement", 0, 3);
    let (statement, parts) = statement(c.core, &found)?;
    let (mut sampled, mut recomputed, mut unnamed) = (Verdict::NotAsked, Verdict::NotAsked, Json::Null);
    if let Some((inputs, lines)) = parts {
        let case = Case { core: c.core, found: &found, inputs, lines };
        unnamed = case.unnamed();
        sampled = case.sampled(&choice)?;
        if deep {
            recomputed = case.deep()?;
        }
        c.progress("deep", 3, 3);
    } else {
        let unread = || Verdict::NotPossible("statement".to_owned(), Json::Null);
        let asked = !matches!(choice, Choice::None);
        (sampled, recomputed) = (if asked { unread() } else { sampled }, if deep { unread() } else { recomputed });
    }
    let (seed, seeds) = choice.json(c.core);
    let report = json!({
        "rollup": found.name.entry.to_string(), "org": shown::org(c.core, found.document.owner), "period": found.row.period,
        "rules_version": found.row.rules_version, "seed": seed, "seeds": seeds,
        "statement": statement.json(), "sample": sampled.json(), "deep": recomputed.json(), "not_named": unnamed,
    });
    outcome(&[("statement", statement), ("sample", sampled), ("deep", recomputed)], report)
}

/// What an audit comes to.
pub(crate) enum Audited {
    /// Everything was made again, and is so.
    Holds,
    /// What is not so.
    Fails(Vec<Problem>),
    /// Documents are missing here, or it was made by other rules.
    NotPossible,
}

/// The statement and the full recomputation of one rollup, without a sample.
pub(crate) fn audited(core: &Core, entry: &EntryId) -> Result<Audited, CommandError> {
    let found = find(core, &entry.to_string())?;
    let (statement, parts) = statement(core, &found)?;
    let deep = match parts {
        Some((inputs, lines)) => Case { core, found: &found, inputs, lines }.deep()?,
        None => Verdict::NotAsked,
    };
    Ok(match (statement, deep) {
        (Verdict::Fail(problems, _), _) | (_, Verdict::Fail(problems, _)) => Audited::Fails(problems),
        (Verdict::Pass(_), Verdict::Pass(_)) => Audited::Holds,
        _ => Audited::NotPossible,
    })
}

fn level_words(level: &str) -> &'static str {
    match level {
        "sample" => "抽查",
        "deep" => "全部重算",
        _ => "签名与合计",
    }
}

/// A failure goes before what could not be looked at.
fn outcome(levels: &[(&str, Verdict)], report: Json) -> Result<Reply, CommandError> {
    for (level, verdict) in levels {
        if let Verdict::Fail(problems, _) = verdict {
            let (zh, en) = (format!("汇总核验未通过 ({})", level_words(level)), format!("the rollup did not verify ({level})"));
            let what = problems.first().map_or_else(
                || Text::new(&zh, &en),
                |p| Text::new(format!("{zh}: {}", p.text.zh), format!("{en}: {}", p.text.en)),
            );
            return Err(CommandError::of(ErrorKind::Verification, what)
                .hint(
                    "请与发布单位核对; details 列出各级结果",
                    "ask the organisation that published it; details list every level",
                )
                .details(report));
        }
    }
    for (level, verdict) in levels {
        if let Verdict::NotPossible(why, _) = verdict {
            let (zh, en) = (format!("此处无法核验 ({})", level_words(level)), format!("it cannot be verified here ({level})"));
            return Err(CommandError::of(ErrorKind::NotReachable, said::because(&zh, &en, why))
                .hint(
                    "请同步所缺文档; 学校划走后本机构不再收到的, 请在发布汇总的电脑上或到市里核验; 也可升级程序后重试",
                    "sync the documents that are missing; of a school that has moved away, ask the machine that published it, or the city; or try with another version of the program",
                )
                .details(report));
        }
    }
    Ok(Reply::new("rollup-verify", report))
}

/// Level 1. The attachments where they can be read, whatever else is wrong.
fn statement(core: &Core, found: &Found) -> Result<(Verdict, Option<(Inputs, Lines)>), CommandError> {
    let mut problems = entry_problems(core, found)?;
    if found.document.period != Some(found.row.period) {
        problems.push(check::Problem::Period { row: found.row.period, document: found.document.period }.to_string().into());
    }
    if !check::is_ours(&found.row) {
        let (made, have) = (found.row.rules_version, RULES_VERSION);
        let why = format!("made by rules {made}, this program has {have}");
        return Ok((
            if problems.is_empty() { Verdict::NotPossible(why, Json::Null) } else { Verdict::Fail(problems, Json::Null) },
            None,
        ));
    }
    // A damaged file is an error of the store: what was signed cannot be shown any more.
    let mut read = |part: &str, id| match shown::attachment(core, id) {
        Ok(Some(bytes)) => Some(bytes),
        Ok(None) => {
            problems.push(format!("the {part} are not here").into());
            None
        }
        Err(e) => {
            problems.push(format!("the {part}: {e}").into());
            None
        }
    };
    let (inputs, lines) = (read("inputs", &found.row.inputs), read("lines", &found.row.lines));
    let (Some(inputs), Some(lines)) = (inputs, lines) else { return Ok((Verdict::Fail(problems, Json::Null), None)) };
    let (parts, disagree) = check::agreement(&found.row, &inputs, &lines);
    problems.extend(disagree.iter().map(|p| Problem::from(p.to_string())));
    if let Some((inputs, _)) = &parts {
        problems.extend(left_out(core, found, inputs)?);
    }
    let counts = parts.as_ref().map(|(i, l)| {
        json!({ "inputs": i.0.len(), "schools": l.schools.len(), "teachers": l.commitments.len(), "totals": found.row.totals.len() })
    });
    let counts = json!(counts);
    Ok((if problems.is_empty() { Verdict::Pass(counts) } else { Verdict::Fail(problems, counts) }, parts))
}

/// What a rollup that this one replaces had counted, and this one does not reach.
fn left_out(core: &Core, found: &Found, inputs: &Inputs) -> Result<Vec<Problem>, CommandError> {
    let basis = basis(core, found, inputs);
    let (tree, years) = (basis.as_ref().map_or(core.ledger(), |b| &b.ledger), years(found, inputs, basis.as_ref()));
    let mut problems = Vec::new();
    for earlier in &found.replaces {
        let Some(bytes) = core.store().entry(&earlier.entry).map_err(CommandError::storage)? else { continue };
        let Ok(entry) = taizhang_core::entry::SignedEntry::parse(&bytes, &core.network()) else { continue };
        let rows = taizhang_core::ledger::row_ops(&entry);
        let row = rows.iter().find(|(name, _)| name == earlier).and_then(|(_, op)| taizhang_core::rows::read::<Rollup>(op)?.ok());
        let Some(before) = row.map(|p| shown::attachment(core, &p.row.inputs)).transpose()?.flatten() else { continue };
        let Ok(before) = Inputs::parse(&before) else { continue };
        for (document, tip) in replay::left_out(core.ledger(), tree, inputs, &before, found.document.owner, years) {
            let (document, earlier) = (shown::document(core, &document), earlier.entry);
            problems.push(Problem::left_out(tip, &document, earlier));
        }
    }
    Ok(problems)
}

fn basis(core: &Core, found: &Found, inputs: &Inputs) -> Option<Basis> {
    Basis::of(core.ledger(), core.store(), inputs, found.scope(), Signature::Checked).ok()
}

/// The years that the inputs should reach over: as their policies say, else those of the ledgers that they name.
fn years(found: &Found, inputs: &Inputs, basis: Option<&Basis>) -> Years {
    let period = Years { first: found.row.period, last: found.row.period };
    basis.map(|b| b.years).or_else(|| inputs.years()).unwrap_or(period)
}

/// Signature, admission, standing: asked once more of the bytes as they lie here.
fn entry_problems(core: &Core, found: &Found) -> Result<Vec<Problem>, CommandError> {
    let mut problems = Vec::new();
    let entry = core.entry(&found.name.entry)?;
    let admitted: Result<AdmittedEntry, _> = core.ledger().admit(core.store(), entry, Signature::Check);
    problems.extend(admitted.err().map(|why| Problem::from(format!("its entry: {why}"))));
    let standing = Judge::new(core.ledger()).standing(&found.name.entry);
    if standing != Standing::Stands {
        problems.push(format!("its entry does not count: {}", standing.word()).into());
    }
    Ok(problems)
}

impl Case<'_> {
    /// Level 2, as it was asked for.
    fn sampled(&self, choice: &Choice) -> Result<Verdict, CommandError> {
        let (rollup, n) = (&self.found.name.entry, self.lines.commitments.len() as u64);
        match choice {
            Choice::None => Ok(Verdict::NotAsked),
            Choice::Given(k, seed) => self.sample(*k as u64, &sample::places(seed.as_bytes(), rollup, n, *k as u64)),
            Choice::Published(seeds, _) if seeds.above.is_empty() => {
                let owner = shown::org(self.core, self.found.document.owner);
                let why = format!("the seed was published by {owner} itself; only one from above counts");
                Ok(Verdict::Fail(vec![why.into()], Json::Null))
            }
            Choice::Published(seeds, k) => self.sample(seeds.asked(*k), &seeds.places(rollup, n, *k)),
        }
    }

    /// Level 2 of these places.
    fn sample(&self, k: u64, places: &BTreeSet<u64>) -> Result<Verdict, CommandError> {
        let mut by_school: BTreeMap<OrgId, Vec<(u64, usize)>> = BTreeMap::new();
        for index in places {
            let Some((school, nth)) = self.lines.place(*index) else {
                return Ok(Verdict::Fail(vec![format!("teacher line {index} belongs to no school").into()], Json::Null));
            };
            by_school.entry(school).or_default().push((*index, nth));
        }
        let (mut problems, mut missing, mut checked) = (Vec::new(), BTreeSet::new(), 0_usize);
        for (school, wanted) in &by_school {
            let also = self.lines.school(*school).map_or(&[][..], |l| &l.also);
            match replay::school(self.core.ledger(), self.core.store(), &self.inputs, (*school, also), Signature::Check) {
                Ok(replay) => {
                    problems.extend(self.school(&replay, *school, wanted));
                    checked += wanted.len();
                }
                Err(ReplayError::NotHere(documents)) => missing.extend(documents),
                Err(ReplayError::Read(e)) => return Err(CommandError::storage(e)),
                Err(other) => problems.push(other.to_string().into()),
            }
        }
        let data = json!({ "asked": k, "chosen": places, "checked": checked, "schools": by_school.len(), "missing": self.names(&missing) });
        Ok(if !problems.is_empty() {
            Verdict::Fail(problems, data)
        } else if !missing.is_empty() {
            Verdict::NotPossible(format!("missing: {}", self.names(&missing).join(", ")), data)
        } else {
            Verdict::Pass(data)
        })
    }

    /// One school made again: its line, and the teacher lines wanted (place in the list, place among the school's).
    fn school(&self, replay: &Replay, school: OrgId, wanted: &[(u64, usize)]) -> Vec<Problem> {
        let made = replay.lines(self.found.scope());
        let own: Vec<&TeacherLine> = made.teachers.iter().filter(|t| t.school == school).collect();
        let mut problems: Vec<Problem> =
            check::policy(&self.found.row, &made.policy).iter().map(|p| p.to_string().into()).collect();
        match (self.lines.school(school), made.lines.school(school)) {
            (Some(published), Some(found)) => {
                problems.extend(check::school_difference(published, found).map(|d| self.say(&d)));
            }
            (published, _) => {
                let line = LineName::School(school);
                problems.push(self.say(&Difference::Line { line, published: published.is_some() }));
            }
        }
        let tree = self.lines.teachers_tree();
        let (root, len) = (self.found.row.teachers_root.unwrap_or_default(), u64::from(self.found.row.teachers));
        for (index, nth) in wanted {
            let recomputed = own.get(*nth);
            let proof = tree.prove(*index);
            let holds = recomputed.zip(proof).is_some_and(|(t, proof)| proof.holds(&root, len, *index, &t.commitment()));
            if !holds {
                let line = recomputed.map(|t| Box::new(TeacherLine::clone(t)));
                problems.push(self.say(&Difference::Teacher { index: *index, line }));
            }
        }
        problems
    }

    /// Level 3.
    fn deep(&self) -> Result<Verdict, CommandError> {
        let replay = match Replay::of(self.core.ledger(), self.core.store(), &self.inputs, Signature::Check) {
            Ok(replay) => replay,
            Err(ReplayError::NotHere(documents)) => {
                let names = self.names(&documents.into_iter().collect());
                return Ok(Verdict::NotPossible(format!("missing: {}", names.join(", ")), json!({ "missing": names })));
            }
            Err(ReplayError::Read(e)) => return Err(CommandError::storage(e)),
            Err(other) => return Ok(Verdict::Fail(vec![other.to_string().into()], json!({ "input": other.to_string() }))),
        };
        let made = replay.lines(self.found.scope());
        let lines = &made.lines;
        let data = json!({ "documents": replay.views.len(), "entries": replay.ledger.len(), "schools": lines.schools.len(), "teachers": made.teachers.len() });
        let mut problems: Vec<Problem> =
            check::policy(&self.found.row, &made.policy).iter().map(|p| p.to_string().into()).collect();
        let first = check::first_difference(&self.lines, lines, &made.teachers).map(|d| self.say(&d));
        // Equal lines have equal bytes; a difference that the comparison cannot name is one all the same.
        let differs = lines.to_bytes() != self.lines.to_bytes();
        problems.extend(first.or_else(|| differs.then(|| "the lines are other bytes".to_owned().into())));
        Ok(if problems.is_empty() { Verdict::Pass(data) } else { Verdict::Fail(problems, data) })
    }

    /// Entries here that the inputs do not reach: they came later, or were left out. No verdict follows from them.
    fn unnamed(&self) -> Json {
        let basis = basis(self.core, self.found, &self.inputs);
        let years = years(self.found, &self.inputs, basis.as_ref());
        let rest = replay::unnamed(self.core.ledger(), &self.inputs, self.found.document.owner, years);
        let documents: Vec<Json> =
            rest.iter().map(|(d, n)| json!({ "document": shown::document(self.core, d), "entries": n })).collect();
        json!({ "entries": rest.iter().map(|(_, n)| n).sum::<usize>(), "documents": documents })
    }

    fn names(&self, documents: &BTreeSet<DocId>) -> Vec<String> {
        documents.iter().map(|d| shown::document(self.core, d)).collect()
    }

    fn say(&self, difference: &Difference) -> Problem {
        problem::of(self.core, difference)
    }
}
