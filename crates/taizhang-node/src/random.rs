//! The system's randomness.

use crate::error::{CommandError, ErrorKind};

/// Fresh random bytes.
///
/// # Errors
/// The system gives none.
pub fn bytes<const N: usize>() -> Result<[u8; N], CommandError> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|e| {
        CommandError::of(ErrorKind::Internal, crate::said::because("系统没有提供随机数", "the system gives no random bytes", e))
    })?;
    Ok(out)
}
