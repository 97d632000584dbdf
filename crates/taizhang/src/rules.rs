//! `rules eval` at the command line: reads the cases, prints the result as it is.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use taizhang_node::{
    commands::rules,
    error::{CommandError, ErrorKind},
};

use crate::{args::Eval, output::Output};

/// Prints the result on one line, the same with and without `--json`.
pub(crate) fn eval(options: &Eval, output: Output) -> Result<(), CommandError> {
    let text = read(options.file.as_deref())?;
    let result = rules::eval(options.policy.as_deref(), &text, options.explain)?;
    output.plain(&format!("{result}\n"));
    Ok(())
}

/// A file's text, or what comes on stdin.
pub(crate) fn read(file: Option<&Path>) -> Result<String, CommandError> {
    let stdin = PathBuf::from("-");
    let file = file.filter(|f| **f != stdin);
    let (named, bytes) = match file {
        Some(path) => (path.display().to_string(), std::fs::read(path)),
        None => ("-".to_owned(), read_stdin()),
    };
    let bytes = bytes.map_err(|e| {
        let zh = taizhang_node::error::io_text(&e).zh;
        CommandError::new(ErrorKind::FileProblems, format!("无法读取 {named}: {zh}"), format!("cannot read {named}: {e}"))
    })?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let zh = format!("{named} 不是 UTF-8 文本 (第 {at} 字节)");
        CommandError::new(ErrorKind::FileProblems, zh, format!("{named} is not UTF-8 (byte {at})"))
    })
}

fn read_stdin() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
