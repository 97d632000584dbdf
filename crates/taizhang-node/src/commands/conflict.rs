//! Being written.
use super::Context;
use crate::{
    command::*,
    error::{CommandError, ErrorKind},
};
pub(crate) fn describe(_: &mut Context<'_>, _: &str, _: &str) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
pub(crate) fn list(_: &Context<'_>) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
pub(crate) fn settle(_: &mut Context<'_>, _: &str, _: Option<usize>, _: Option<&str>) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
