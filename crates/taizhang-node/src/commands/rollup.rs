//! Being written.
use super::Context;
use crate::{
    command::*,
    error::{CommandError, ErrorKind},
};
pub(crate) fn publish(_: &mut Context<'_>, _: u16) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
pub(crate) fn show(_: &Context<'_>, _: &str) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
pub(crate) fn verify(_: &mut Context<'_>, _: &str, _: bool, _: Option<usize>, _: Option<&str>) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
