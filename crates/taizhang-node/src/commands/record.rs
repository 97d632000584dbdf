//! Being written.
use super::Context;
use crate::{
    command::*,
    error::{CommandError, ErrorKind},
};
pub(crate) fn run(_: &mut Context<'_>, _: &Record) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
