//! Being written.
use super::Context;
use crate::{
    command::*,
    error::{CommandError, ErrorKind},
};
pub(crate) fn list(_: &Context<'_>, _: Option<&str>) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
pub(crate) fn decide(
    _: &mut Context<'_>,
    _: &str,
    _: &[String],
    _: Option<&str>,
    _: bool,
    _: Option<&str>,
) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
