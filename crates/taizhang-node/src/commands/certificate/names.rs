//! Where a name comes from: given by the person at the machine, a file of theirs, or sealed here under a key that this person holds.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value as Json;
use taizhang_core::{
    id::{Kind, OrgId},
    rows::Person as PersonRow,
};

use super::super::shown;
use crate::{
    core::Core,
    error::{CommandError, ErrorKind, io_text},
    keyfile::Person,
    keyring::Keyring,
};

/// Names at hand, kept for one command.
pub(super) struct Names {
    /// For whoever is asked about.
    given: Option<String>,
    /// By teacher.
    file: BTreeMap<String, String>,
    /// By school and teacher.
    sealed: BTreeMap<(OrgId, String), String>,
}

impl Names {
    pub(super) fn open(core: &Core, person: &Person, given: Option<&str>, file: Option<&Path>) -> Result<Self, CommandError> {
        let file = file.map(read).transpose()?.unwrap_or_default();
        let given = given.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        let ring = Keyring::of(person);
        let mut sealed = BTreeMap::new();
        for view in shown::views(core, |d| d.kind == Kind::Identity)? {
            for row in view.current().into_iter().filter_map(|r| r.read::<PersonRow>()) {
                if let Some(identity) = ring.unseal(core.hub(), &view.document, &row.row) {
                    sealed.insert((view.document.owner, row.row.teacher), identity.name);
                }
            }
        }
        Ok(Self { given, file, sealed })
    }

    /// The name of a teacher.
    pub(super) fn of(&self, school: OrgId, teacher: &str) -> Option<String> {
        let sealed = || self.sealed.get(&(school, teacher.to_owned()));
        self.given.as_ref().or_else(|| self.file.get(teacher)).or_else(sealed).filter(|n| !n.is_empty()).cloned()
    }
}

/// Lines with `teacher` and `name`, as `export persons` writes them.
fn read(path: &Path) -> Result<BTreeMap<String, String>, CommandError> {
    let at = path.display();
    let failed = |zh: String, en: String| CommandError::new(ErrorKind::FileProblems, zh, en);
    let text = std::fs::read_to_string(path)
        .map_err(|e| failed(format!("无法读取 {at}: {}", io_text(&e).zh), format!("cannot read {at}: {}", io_text(&e).en)))?;
    let mut names = BTreeMap::new();
    for (n, line) in (1..).zip(text.lines()).filter(|(_, l)| !l.trim().is_empty()) {
        let value: Json = serde_json::from_str(line).unwrap_or_default();
        let field = |name: &str| value.get(name).and_then(Json::as_str).map(|t| t.trim().to_owned());
        let (Some(teacher), Some(name)) = (field("teacher"), field("name")) else {
            let (zh, en) = (format!("{at} 第 {n} 行缺少 teacher 或 name"), format!("line {n} of {at} lacks teacher or name"));
            return Err(failed(zh, en).hint("用 taizhang export persons 导出", "write it with `taizhang export persons`"));
        };
        names.insert(teacher, name);
    }
    Ok(names)
}
