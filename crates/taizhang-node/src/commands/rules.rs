//! `rules eval`: cases in JSON, evaluated. Needs no data folder and no node.

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use taizhang_rules::{
    eval::{EvalError, Options, built_in, eval as evaluate},
    policy::{Policy, library, read::PolicyErrors},
};

use crate::error::{CommandError, ErrorKind, io_text};

/// One case, or a file of them, gives exactly the standard form; `explain` adds everything more under that key.
/// `policy`: an id of the built-in ones, or a file; for cases that name none, and those that name its id.
///
/// # Errors
/// No such policy; a policy file or a case with a mistake, and where it stands.
pub fn eval(policy: Option<&str>, text: &str, explain: bool) -> Result<Value, CommandError> {
    let own = policy.map(named).transpose()?;
    let known = |id: &str| match &own {
        Some(p) if p.id == id => Some(Arc::clone(p)),
        _ => built_in(id),
    };
    let options = Options { policy: own.as_ref().map(|p| p.id.as_str()), explain };
    evaluate(text, &options, &known).map_err(|e| case_error(&e))
}

/// A built-in policy by its id, or one in a file.
fn named(named: &str) -> Result<Arc<Policy>, CommandError> {
    if let Some(policy) = built_in(named) {
        return Ok(policy);
    }
    let bytes = read_file(named, Path::new(named))?;
    Policy::read(&bytes).map(Arc::new).map_err(|e| policy_errors(named, &e))
}

/// The bytes of a policy file.
pub(crate) fn read_file(named: &str, path: &Path) -> Result<Vec<u8>, CommandError> {
    fs::read(path).map_err(|e| {
        let ids: Vec<&str> = library::library().iter().map(|(id, _)| *id).collect();
        let ids = ids.join(", ");
        let why = (
            format!("没有政策 {named}, 也不能作为文件读取: {}", io_text(&e).zh),
            format!("{named} is no built-in policy, and no file that can be read: {e}"),
        );
        CommandError::not_found(why.0, why.1)
            .hint(format!("内置政策: {ids}; 或政策文件的路径"), format!("built in: {ids}; or the path of a policy file"))
    })
}

/// A policy file with mistakes, each with its line.
pub(crate) fn policy_errors(named: &str, errors: &PolicyErrors) -> CommandError {
    let zh = format!("政策文件 {named} 有 {} 处错误", errors.0.len());
    let en = format!("the policy file {named} has {} mistakes", errors.0.len());
    let lines = errors.0.iter().map(|e| json!({ "line": e.line, "rule": e.rule, "zh": e.zh(), "en": e.en() }));
    CommandError::new(ErrorKind::FileProblems, zh, en)
        .details(json!({ "findings": lines.collect::<Vec<_>>() }))
        .hint("字段见 docs/policies.md", "the fields are in docs/policies.md")
}

fn case_error(error: &EvalError) -> CommandError {
    let (case, path, why) = match error {
        EvalError::Json { line, column, .. } => {
            let zh = format!("案例不是 JSON: 第 {line} 行第 {column} 列");
            return CommandError::new(ErrorKind::FileProblems, zh, format!("the case is {error}"));
        }
        EvalError::Case(e) => (None, &e.path, &e.why),
        EvalError::Scenario { id, why } => (Some(id), &why.path, &why.why),
    };
    let of = case.map(|id| format!(" {id}")).unwrap_or_default();
    // What was written stands between quotation marks; the rest of the sentence is English.
    let written = why.split('"').nth(1).map_or_else(String::new, |w| format!("「{w}」"));
    let (zh, en) = (format!("案例{of} 有误, 位置 {path}{written}"), format!("the case{of} is wrong at {path}"));
    CommandError::of(ErrorKind::FileProblems, crate::said::because(&zh, &en, why))
        .details(json!({ "case": case, "path": path, "why": why }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    const CASE: &str = r#"{ "teacher": { "id": "T1", "stage": "primary", "hired": "2000-09-01" }, "as_of": "2012-12-31" }"#;

    #[test]
    fn mistakes_say_where() {
        let cases = [
            (Some("nowhere.toml"), CASE, 2, "nowhere.toml"),
            (Some("wuhan-2008"), "{", 3, "1"),
            (Some("wuhan-2008"), "[]", 3, ""),
            (Some("wuhan-2008"), "{}", 3, "as_of"),
            (Some("wuhan-2008"), r#"{"schema":1,"scenarios":[{"id":"a","teacher":{}}]}"#, 3, "a"),
            (Some("wuhan-2008"), r#"{"schema":2,"scenarios":[]}"#, 3, "schema"),
            (None, CASE, 3, "policy"),
            (None, r#"{"policy":"mars-2030"}"#, 3, "mars-2030"),
            (Some("wuhan-2008"), r#"{"op":"guess","args":{}}"#, 3, "op"),
        ];
        for (policy, text, exit, said) in cases {
            let error = eval(policy, text, false).err().unwrap_or_else(|| panic!("{text} was accepted"));
            assert_eq!(error.kind.exit_code(), exit, "{text}: {error}");
            assert!(error.what.zh.contains(said) && error.what.en.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_policy_file_counts_for_its_own_id_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        let text = String::from_utf8(library::by_id("wuhan-2008").unwrap().to_vec()).unwrap();
        fs::write(&path, text.replace("h100_per_credit = 800", "h100_per_credit = 400")).unwrap();
        let named = path.to_str().unwrap();
        let built_in = eval(Some("wuhan-2008"), CASE, false).unwrap();
        let mine = eval(Some(named), CASE, false).unwrap();
        assert_eq!(mine["status"], built_in["status"]);
        assert!(eval(Some(named), CASE, true).unwrap().get("explain").is_some());
        fs::write(&path, "schema = 7").unwrap();
        let error = eval(Some(named), CASE, false).unwrap_err();
        assert_eq!(error.kind.exit_code(), 3);
        assert!(error.details.is_some());
    }
}
