//! The demo.
use std::path::PathBuf;

use taizhang_node::error::CommandError;

use crate::output::Output;

pub(crate) fn run(_keep: Option<PathBuf>, _output: Output) -> Result<(), CommandError> {
    Ok(())
}
