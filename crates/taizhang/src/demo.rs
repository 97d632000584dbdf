//! The demo: a city, two counties and four schools on this computer, each a process with a data folder of its own.
//!
//! It founds the network, imports messy sheets, works through a cut line, settles a conflict, approves, adds up, verifies, and catches two forgeries. Every sentence it
//! prints was checked first: it ends with exit code 0 only if all of them held.

mod accounts;
mod forgery;
mod founding;
mod machine;
mod sample;
mod sheets;
mod story;
mod sums;
mod weather;

use std::path::PathBuf;

use taizhang_node::error::{CommandError, ErrorKind};

use crate::output::Output;
use story::Story;

/// Runs the demo.
pub(crate) fn run(keep: Option<PathBuf>, output: Output) -> Result<(), CommandError> {
    let is_kept = keep.is_some();
    let mut story = Story::begin(keep, output)?;
    // Whatever stops it, the demo did not show what it claims.
    tell(&mut story, is_kept).map_err(|e| {
        let at = story.base.display();
        let e = CommandError { kind: ErrorKind::Internal, ..e };
        e.hint(format!("数据和各节点的 run.log 在 {at}"), format!("the data and every node's run.log lie in {at}"))
    })
}

fn tell(story: &mut Story, is_kept: bool) -> Result<(), CommandError> {
    founding::found(story)?;
    founding::join(story)?;
    sheets::import(story)?;
    weather::work_through_a_cut_line(story)?;
    weather::reconnect(story)?;
    sums::approve(story)?;
    accounts::explain(story)?;
    let rollups = sums::publish(story)?;
    sums::verify(story, &rollups)?;
    forgery::catch(story, &rollups)?;
    story.end(is_kept)
}
