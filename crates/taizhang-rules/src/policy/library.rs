//! The ten policies that come with the program.

use super::{Policy, read::PolicyErrors};

macro_rules! files {
    ($($id:literal),* $(,)?) => { &[$(($id, include_bytes!(concat!("../../policies/", $id, ".toml")))),*] };
}

/// (id, bytes of the file), in order of ids.
const FILES: &[(&str, &[u8])] = files!(
    "county-school-based-2023",
    "henan-vocational-2021",
    "hubei-hours",
    "kunming-2015",
    "moe-order-7",
    "shandong-2015",
    "tianjin-2013",
    "vocational-school",
    "wuhan-2008",
    "zhejiang-2004",
);

/// The files, as (id, bytes), in order of ids.
#[must_use]
pub const fn library() -> &'static [(&'static str, &'static [u8])] {
    FILES
}

/// The file of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == id).map(|(_, bytes)| *bytes)
}

/// Reads the policy of an id; `None`: no such file.
///
/// # Errors
/// None of the ten has any; a test reads them all.
pub fn read_by_id(id: &str) -> Option<Result<Policy, PolicyErrors>> {
    by_id(id).map(Policy::read)
}
