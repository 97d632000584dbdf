//! Being written.
use super::Context;
use crate::{
    command::*,
    error::{CommandError, ErrorKind},
};
pub(crate) fn run(
    _: &mut Context<'_>,
    _: &str,
    _: Option<&str>,
    _: Option<u16>,
    _: Format,
    _: bool,
    _: Option<&std::path::Path>,
) -> Result<Reply, CommandError> {
    Err(CommandError::new(ErrorKind::Internal, "未完成", "not finished"))
}
