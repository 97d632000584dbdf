#![allow(clippy::unwrap_used, reason = "tests")]
use clap::Parser;

use super::*;
use crate::args::{Cli, Task};

/// At a terminal nobody is told that a passphrase is missing instead of being asked for it.
#[test]
fn who_locks_is_asked_for_a_passphrase() {
    let asked = |words: &str| {
        let words = ["taizhang"].into_iter().chain(words.split(' '));
        matches!(Cli::try_parse_from(words).unwrap().what.task(), Ok(Task::Node(command)) if signs(&command))
    };
    for words in [
        "review lock --org 001 --year 2026",
        "review unlock --org 001 --year 2026 --reason x",
        "review checkpoint",
        "roster correct 1 --reason x --hired 2021-09-01",
    ] {
        assert!(asked(words), "{words}");
    }
    for words in ["status", "review late"] {
        assert!(!asked(words), "{words}");
    }
}
