//! The policies at hand: those that come with the program, those in policy documents, and from when they were adopted.

use std::path::Path;

use taizhang_core::{
    id::{DocId, Kind},
    op::RowName,
    rows::{Adopt, PolicyText},
    view::{DocumentView, Replacements},
};
use taizhang_rules::policy::{Policy, library};

use super::super::{rules, shown};
use crate::{core::Core, error::CommandError};

/// What stands for the edition of a built-in text.
pub(super) const BUILT_IN: &str = "built_in";

/// A policy's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Its own id; of a file that cannot be read: the file's name.
    pub(crate) id: String,
    /// Edition; [`BUILT_IN`], or empty for a file.
    pub(crate) version: String,
    /// The file.
    pub(crate) toml: Vec<u8>,
    /// SHA-256 of it.
    pub(crate) sha256: [u8; 32],
    /// Where it is written.
    pub(crate) document: Option<DocId>,
}

/// A day from which a policy holds, as written.
#[derive(Clone, Debug)]
pub(crate) struct Adoption {
    pub(crate) document: DocId,
    pub(crate) name: RowName,
    pub(crate) row: Adopt,
}

/// All of them.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    /// Built-in ones by id, then those of documents.
    pub(crate) texts: Vec<Text>,
    /// Those that no other replaces, in order of days.
    pub(crate) adoptions: Vec<Adoption>,
}

impl Shelf {
    /// Those that come with the program.
    pub(crate) fn built_in() -> Self {
        let text = |(id, toml): &(&str, &[u8])| Text {
            id: (*id).to_owned(),
            version: BUILT_IN.to_owned(),
            toml: toml.to_vec(),
            sha256: sha256(toml),
            document: None,
        };
        Self { texts: library::library().iter().map(text).collect(), adoptions: Vec::new() }
    }

    /// Those and what the policy documents at hand hold.
    pub(crate) fn load(core: &Core) -> Result<Self, CommandError> {
        let views = shown::views(core, |d| d.kind == Kind::Policy)?;
        let replacements = Replacements::of(&views);
        let mut shelf = Self::built_in();
        for view in &views {
            shelf.take(view, &replacements);
        }
        shelf.adoptions.sort_by_key(|a| (a.row.effective_day, a.name));
        Ok(shelf)
    }

    fn take(&mut self, view: &DocumentView, replacements: &Replacements) {
        for row in view.current_among(replacements) {
            let document = view.document;
            if let Some(text) = row.read::<PolicyText>().map(|p| p.row) {
                // What a row says about its text is believed only where the text says it too.
                let (toml, sha256) = (text.toml.0.clone(), sha256(&text.toml.0));
                let is_known = self.texts.iter().any(|t| t.sha256 == sha256 && t.document == Some(document));
                if sha256 == text.sha256 && !is_known {
                    self.texts.push(Text { id: text.id, version: text.version, toml, sha256, document: Some(document) });
                }
            } else if let Some(adopt) = row.read::<Adopt>().map(|p| p.row) {
                self.adoptions.push(Adoption { document, name: row.name, row: adopt });
            }
        }
    }

    /// The text with these bytes.
    pub(crate) fn by_sha256(&self, sha256: &[u8; 32]) -> Option<&Text> {
        self.texts.iter().find(|t| t.sha256 == *sha256)
    }

    /// The text a person means: a file, an id, or `ID@EDITION` where there are several of one id.
    pub(crate) fn find(&self, named: &str) -> Result<Text, CommandError> {
        let (id, version) = named.split_once('@').map_or((named, None), |(id, version)| (id, Some(version)));
        let fits = |t: &&Text| t.id == id && version.is_none_or(|v| t.version == v);
        let mut found: Vec<&Text> = self.texts.iter().filter(fits).collect();
        found.dedup_by_key(|t| t.sha256);
        match found.as_slice() {
            [one] => return Ok((*one).clone()),
            [] => {}
            several => return Err(ambiguous(id, several)),
        }
        let toml = rules::read_file(named, Path::new(named))?;
        let id = Policy::read(&toml).map_or_else(|_| named.to_owned(), |p| p.id);
        Ok(Text { id, version: String::new(), sha256: sha256(&toml), toml, document: None })
    }
}

fn ambiguous(id: &str, several: &[&Text]) -> CommandError {
    let all: Vec<String> = several.iter().map(|t| format!("{id}@{}", t.version)).collect();
    let all = all.join(", ");
    let why = (format!("政策 {id} 有几个版本"), format!("there are several editions of {id}"));
    CommandError::not_found(why.0, why.1).hint(format!("写明版本: {all}"), format!("name one: {all}"))
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}
