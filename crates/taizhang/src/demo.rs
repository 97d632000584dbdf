//! The demo: a city, two counties and four schools on this computer, each a process with a data folder of its own.
//!
//! It founds the network, imports messy sheets, works through a cut line, settles a conflict, approves, adds up, verifies, and catches two forgeries. Every sentence it
//! prints was checked first: it ends with exit code 0 only if all of them held.

mod forgery;
mod founding;
mod machine;
mod sample;
mod sheets;
mod story;
mod sums;
mod weather;

use std::path::PathBuf;

use taizhang_node::error::CommandError;

use crate::output::Output;
use story::Story;

/// Runs the demo.
pub(crate) fn run(keep: Option<PathBuf>, output: Output) -> Result<(), CommandError> {
    let is_kept = keep.is_some();
    let mut story = Story::begin(keep, output)?;
    founding::found(&mut story)?;
    founding::join(&mut story)?;
    sheets::import(&mut story)?;
    weather::work_through_a_cut_line(&mut story)?;
    weather::reconnect(&mut story)?;
    sums::approve(&mut story)?;
    let rollups = sums::publish(&mut story)?;
    sums::verify(&mut story, &rollups)?;
    forgery::catch(&mut story, &rollups)?;
    story.end(is_kept)
}
