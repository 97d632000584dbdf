//! House rules that the compiler does not know: file sizes, no loose ends, no sleeping tests, no path of anybody's machine.
#![allow(clippy::panic, reason = "tests")]

use std::io::Write;
use std::path::{Path, PathBuf};

/// Lines of source outside of tests: above the first the file is named in the output, above the second the test fails.
const LINES_LARGE: usize = 600;
const LINES_MAX: usize = 800;

/// Files of these endings are read as text and checked; `run` is `.ci/run`.
const ENDINGS: &[&str] = &["rs", "md", "toml", "py", "sh", "html", "css", "js", "json", "yml", "yaml", "txt", "run"];

/// Folders that hold nothing of ours (build output, fetched parts).
const SKIPPED_FOLDERS: &[&str] = &["target", ".git", "node_modules", "__pycache__", ".venv"];

/// What no line of Rust may say, comments aside, and why. Spelled in two parts, so this file does not say it either.
const LOOSE_ENDS: &[(&str, &str)] = &[
    (concat!("todo", "!"), "finish it or leave it out"),
    (concat!("unimplemented", "!"), "finish it or leave it out"),
    (concat!("dbg", "!"), "left over from a search"),
    (concat!("#[", "ignore"), "a test runs or is deleted"),
];

/// What no test may say: a test waits for an event, never for a while.
const SLEEPS: &[&str] = &[concat!("thread::", "sleep"), concat!("time::", "sleep"), concat!("thread::", "park_timeout")];

/// Paths that exist on one machine only.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("../sh", "ared"), concat!("/ro", "ot/")];

/// A text file of the repository: its path from the root with `/`, and its content.
struct TextFile {
    path: String,
    text: String,
}

impl TextFile {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// True for files that are nothing but tests; `tests/src` is the harness, which is source.
    fn is_test(&self) -> bool {
        let in_folder = self.path.contains("/tests/") && !self.path.starts_with("tests/src/");
        self.is_rust() && (in_folder || self.path.ends_with("/tests.rs"))
    }

    /// How many leading lines stand before the inline test module (all of them without one).
    fn lines_of_source(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let inline = lines.windows(2).position(|pair| match pair {
            [attribute, module] => *attribute == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{'),
            _ => false,
        });
        inline.unwrap_or(lines.len())
    }

    /// The lines with their numbers from 1, without what follows `//`.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("")))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// Every text file of the repository, in path order.
fn files() -> Vec<TextFile> {
    let mut found = Vec::new();
    collect(&root(), &root(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|file| file.path == "crates/taizhang-core/src/lib.rs"), "the walk misses the sources");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<TextFile>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        let ending = name.rsplit('.').next().unwrap_or("");
        if path.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name) {
                collect(root, &path, found);
            }
        } else if ENDINGS.contains(&ending) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let from_root = path.strip_prefix(root).expect("the walk stays below the root");
            found.push(TextFile { path: from_root.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

fn length_findings(file: &TextFile) -> Vec<String> {
    let lines = file.lines_of_source();
    if file.is_rust() && !file.is_test() && lines > LINES_MAX {
        return vec![format!("{}: {lines} lines of source, at most {LINES_MAX}: split it", file.path)];
    }
    Vec::new()
}

fn name_findings(file: &TextFile) -> Vec<String> {
    let is_mod = file.path.rsplit('/').next() == Some("mod.rs");
    if is_mod { vec![format!("{}: foo.rs beside foo/, not foo/mod.rs", file.path)] } else { Vec::new() }
}

fn loose_end_findings(file: &TextFile) -> Vec<String> {
    let mut found = Vec::new();
    if file.is_rust() {
        for (number, code) in file.code() {
            for (word, why) in LOOSE_ENDS.iter().filter(|(word, _)| code.contains(word)) {
                found.push(format!("{}:{number}: `{word}`: {why}", file.path));
            }
        }
    }
    found
}

/// Sleeps in test files, in inline test modules, and anywhere in the tests crate.
fn sleep_findings(file: &TextFile) -> Vec<String> {
    let first_line = if file.is_test() || file.path.starts_with("tests/") { 0 } else { file.lines_of_source() };
    let mut found = Vec::new();
    if file.is_rust() {
        for (number, code) in file.code().filter(|(number, _)| *number > first_line) {
            for word in SLEEPS.iter().filter(|word| code.contains(*word)) {
                found.push(format!("{}:{number}: `{word}` in a test: wait for an event instead", file.path));
            }
        }
    }
    found
}

fn blank_findings(file: &TextFile) -> Vec<String> {
    let mut found = Vec::new();
    if file.is_rust() || file.path.ends_with(".md") {
        for (index, line) in file.text.lines().enumerate() {
            if line.contains('\t') || line.ends_with(' ') {
                found.push(format!("{}:{}: tab or blank at the end of the line", file.path, index + 1));
            }
        }
        if file.text.contains('\r') || (!file.text.is_empty() && !file.text.ends_with('\n')) {
            found.push(format!("{}: every line ends with \\n, the last one too", file.path));
        }
    }
    found
}

fn machine_path_findings(file: &TextFile) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for word in MACHINE_PATHS.iter().filter(|word| line.contains(*word)) {
            found.push(format!("{}:{}: `{word}` exists on one machine only", file.path, index + 1));
        }
    }
    found
}

/// The first doc sentence of a crate says what it is for; that of a pure crate begins with the word.
fn purpose_findings(file: &TextFile) -> Vec<String> {
    let Some(name) = file.path.strip_suffix("/src/lib.rs").and_then(|folder| folder.rsplit('/').next()) else {
        return Vec::new();
    };
    let first = file.text.lines().next().unwrap_or("");
    let sentence = first.strip_prefix("//! ").unwrap_or("");
    let mut found = Vec::new();
    if sentence.split_whitespace().count() < 4 {
        found.push(format!("{}:1: starts with `//! ` and a sentence that says what the crate is for", file.path));
    }
    let is_pure = ["taizhang-core", "taizhang-rules", "taizhang-sheets", "taizhang-sync"].contains(&name);
    if is_pure && !sentence.starts_with("Pure") {
        found.push(format!("{}:1: the first word of a pure crate is `Pure`", file.path));
    }
    found
}

/// `a::b::what_it_shows` in backticks: the last part of what a page calls a test.
fn tests_named(page: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ':');
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(move |q| q.contains("tests::") && q.chars().all(is_name)).filter_map(|q| q.rsplit("::").next())
}

fn has_function(files: &[TextFile], name: &str) -> bool {
    let head = format!("fn {name}(");
    files.iter().any(|file| file.is_rust() && file.text.contains(&head))
}

fn assert_none(check: fn(&TextFile) -> Vec<String>) {
    let found: Vec<String> = files().iter().flat_map(check).collect();
    assert!(found.is_empty(), "{} findings:\n  {}", found.len(), found.join("\n  "));
}

#[test]
fn files_stay_small() {
    for file in files().iter().filter(|file| file.is_rust() && !file.is_test() && file.lines_of_source() > LINES_LARGE) {
        // Not println: the harness hides it when the test passes.
        let lines = file.lines_of_source();
        writeln!(std::io::stderr(), "large: {} has {lines} lines of source, split it before {LINES_MAX}", file.path)
            .expect("stderr is open");
    }
    assert_none(length_findings);
}

#[test]
fn modules_are_files_not_mod_rs() {
    assert_none(name_findings);
}

#[test]
fn no_loose_ends() {
    assert_none(loose_end_findings);
}

#[test]
fn no_test_sleeps() {
    assert_none(sleep_findings);
}

#[test]
fn no_tabs_and_no_trailing_blanks() {
    assert_none(blank_findings);
}

#[test]
fn nothing_names_a_path_of_one_machine() {
    assert_none(machine_path_findings);
}

#[test]
fn every_crate_says_what_it_is_for() {
    assert_none(purpose_findings);
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let files = files();
    let mut named = 0;
    let mut missing = Vec::new();
    for page in files.iter().filter(|file| file.path.ends_with(".md")) {
        for name in tests_named(&page.text) {
            named += 1;
            if !has_function(&files, name) {
                missing.push(format!("{}: no test {name}", page.path));
            }
        }
    }
    assert!(named > 50, "{named} tests are named: the pages are not read");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The checks themselves, shown files that must not pass and their harmless neighbours.
#[test]
fn the_checks_find_what_they_are_for() {
    type Check = fn(&TextFile) -> Vec<String>;
    let long = |lines: usize| "let a = 1;\n".repeat(lines);
    let with_tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", long(790), long(100));
    let [unfinished, printed] = [concat!("todo", "!()\n"), concat!("dbg", "!(1);\n")];
    let sleep = concat!("std::thread::", "sleep(d);\n");
    let inline_sleep = format!("#[cfg(test)]\nmod tests {{\n{sleep}}}\n");
    let cases: &[(Check, &str, String, usize)] = &[
        (length_findings, "crates/a/src/b.rs", long(LINES_MAX), 0),
        (length_findings, "crates/a/src/b.rs", long(LINES_MAX + 1), 1),
        (length_findings, "crates/a/src/b.rs", with_tests, 0),
        (length_findings, "crates/a/src/b/tests.rs", long(LINES_MAX + 1), 0),
        (length_findings, "tests/tests/b.rs", long(LINES_MAX + 1), 0),
        (length_findings, "tests/src/b.rs", long(LINES_MAX + 1), 1),
        (name_findings, "crates/a/src/b/mod.rs", String::new(), 1),
        (name_findings, "crates/a/src/b_mod.rs", String::new(), 0),
        (loose_end_findings, "crates/a/src/b.rs", unfinished.to_owned(), 1),
        (loose_end_findings, "crates/a/src/b.rs", printed.to_owned(), 1),
        (loose_end_findings, "crates/a/src/b.rs", format!("// {unfinished}"), 0),
        (loose_end_findings, "tests/tests/b.rs", concat!("#[", "ignore = \"flaky\"]\n").to_owned(), 1),
        (sleep_findings, "crates/a/src/b.rs", sleep.to_owned(), 0),
        (sleep_findings, "crates/a/src/b.rs", inline_sleep, 1),
        (sleep_findings, "crates/a/tests/b.rs", sleep.to_owned(), 1),
        (sleep_findings, "tests/src/b.rs", concat!("tokio::time::", "sleep(d).await;\n").to_owned(), 1),
        (blank_findings, "docs/a.md", "a \nb\tc\n".to_owned(), 2),
        (blank_findings, "docs/a.md", "a\r\nb\r\n".to_owned(), 1),
        (blank_findings, "docs/a.md", "a".to_owned(), 1),
        (blank_findings, "docs/a.md", "a\n".to_owned(), 0),
        (machine_path_findings, "docs/a.md", concat!("see /wo", "rk/main\n").to_owned(), 1),
        (machine_path_findings, "docs/a.md", "see docs/work.md\n".to_owned(), 0),
        (purpose_findings, "crates/taizhang-net/src/lib.rs", "//! Authenticated frames between nodes.\n".to_owned(), 0),
        (purpose_findings, "crates/taizhang-net/src/lib.rs", "use std::fs;\n".to_owned(), 1),
        (purpose_findings, "crates/taizhang-core/src/lib.rs", "//! The signed entry and its fields.\n".to_owned(), 1),
    ];
    for (index, (check, path, text, count)) in cases.iter().enumerate() {
        let found = check(&TextFile { path: (*path).to_owned(), text: text.clone() });
        assert_eq!(found.len(), *count, "case {index}, {path}: {found:?}");
    }
}
