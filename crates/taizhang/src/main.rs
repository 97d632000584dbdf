//! taizhang: the binary. Arguments, rendering and exit codes; what a command does is in `taizhang-node`.
//!
//! Reading order: `args` (what may be typed), `front` (how it reaches a node), `output` (how the result is shown), `demo`.

#![allow(clippy::result_large_err, reason = "an error is made once and ends the program")]

mod args;
mod demo;
mod front;
mod lang;
mod mistake;
mod output;
mod passphrase;
mod progress;
mod rules;

use std::{
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use taizhang_node::error::{CommandError, ErrorKind};

use lang::Lang;
use output::Output;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let lang = Lang::choose(&args, |name| std::env::var_os(name));
    log_to_stderr();
    let output =
        Output { lang, json: args.iter().any(|a| a == "--json"), quiet: args.iter().any(|a| a == "-q" || a == "--quiet") };
    let outcome = match args::parse(lang, &args) {
        Ok(cli) => catch_unwind(AssertUnwindSafe(|| front::run(cli, output))).unwrap_or_else(|_| Err(bug())),
        Err(mistake) if !mistake.use_stderr() => {
            output.plain(&mistake.to_string());
            Ok(())
        }
        Err(mistake) => Err(mistake::explain(&mistake)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// Logs are for whoever looks for a fault: only where asked for, and never on stdout.
fn log_to_stderr() {
    if let Ok(filter) = std::env::var("TAIZHANG_LOG") {
        let filter = tracing_subscriber::EnvFilter::new(filter);
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
}

fn bug() -> CommandError {
    CommandError::new(
        ErrorKind::Internal,
        "程序内部出错; 已保存的记录没有受影响",
        "an error inside the program; what was stored is not affected",
    )
    .hint("请把上面的英文信息发给维护人员", "please send the lines above to the maintainers")
}
