//! Into whose ledger a teacher's line goes.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    author::grant_for,
    id::{DocId, Kind, OrgId},
    rows::{OrgKind, RegisteredBy, Teacher},
};

use super::known::{Activities, Known};
use crate::{
    commands::Context,
    core::Core,
    error::{CommandError, ErrorKind},
};

/// Who registers, and for which school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Place {
    /// A school in its own ledger.
    School(OrgId),
    /// Someone above a school, in a ledger about it.
    About { owner: OrgId, school: OrgId },
    /// Someone above schools, in the ledger about the school whose roster has the teacher.
    ByRoster { owner: OrgId },
}

/// One ledger, every year of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::commands) struct Shelf {
    pub(in crate::commands) owner: OrgId,
    pub(in crate::commands) subject: Option<OrgId>,
}

impl Shelf {
    /// The ledger of a year.
    pub(in crate::commands) fn ledger(&self, year: u16) -> DocId {
        DocId { owner: self.owner, kind: Kind::Ledger, period: Some(year), subject: self.subject }
    }

    /// The school whose teachers it is about.
    pub(in crate::commands) fn school(&self) -> OrgId {
        self.subject.unwrap_or(self.owner)
    }

    /// Whose activities may be meant by a number.
    pub(in crate::commands) fn owners(&self) -> Vec<OrgId> {
        vec![self.owner, self.school()]
    }
}

impl Place {
    /// Of the school named, else of this node's.
    pub(in crate::commands) fn find(c: &Context<'_>, named: Option<&str>) -> Result<Self, CommandError> {
        let own = c.core.org();
        let registry = &c.core.ledger().registry;
        let Some(school) = named.map(|n| c.org(n)).transpose()?.filter(|o| *o != own) else {
            return Ok(if is_school(registry.kind(own)) { Self::School(own) } else { Self::ByRoster { owner: own } });
        };
        if !is_school(registry.kind(school)) {
            let named = named.unwrap_or_default();
            return Err(CommandError::not_found(format!("{named} 不是学校"), format!("{named} is not a school"))
                .hint("用 --org 指明教师所在的学校", "name the teachers' school with --org"));
        }
        // A school's own clerk writes into the school's ledger on whatever machine.
        let ledger = DocId::of_year(school, Kind::Ledger, 1970);
        let is_its_clerk = grant_for(c.core.ledger(), c.acting_key()?, &ledger).is_some();
        let is_above = registry.ancestors(school).contains(&own);
        Ok(if is_above && !is_its_clerk { Self::About { owner: own, school } } else { Self::School(school) })
    }

    /// The ledger of this teacher; `None` where the rosters here do not name exactly one school.
    pub(in crate::commands) fn shelf(&self, rosters: &Rosters, teacher: &str) -> Option<Shelf> {
        match *self {
            Self::School(owner) => Some(Shelf { owner, subject: None }),
            Self::About { owner, school } => Some(Shelf { owner, subject: Some(school) }),
            Self::ByRoster { owner } => rosters.school_of(teacher).map(|school| Shelf { owner, subject: Some(school) }),
        }
    }

    /// Who registers (DOMAIN §2.3): a school, an organiser, or the training institution of a county or city.
    pub(in crate::commands) fn registered_by(&self, core: &Core) -> RegisteredBy {
        let (Self::School(owner) | Self::About { owner, .. } | Self::ByRoster { owner }) = *self;
        match core.ledger().registry.kind(owner) {
            Some(OrgKind::County) => RegisteredBy::CountyTrainingInstitution,
            Some(OrgKind::City | OrgKind::Province) => RegisteredBy::CityTrainingCentre,
            Some(OrgKind::Organiser) => RegisteredBy::Organiser,
            Some(OrgKind::School | OrgKind::Township) | None => RegisteredBy::School,
        }
    }
}

fn is_school(kind: Option<OrgKind>) -> bool {
    kind == Some(OrgKind::School)
}

/// The teachers of every roster here.
#[derive(Debug, Default)]
pub(in crate::commands) struct Rosters {
    schools: BTreeMap<String, BTreeSet<OrgId>>,
    closed: BTreeSet<OrgId>,
}

impl Rosters {
    pub(in crate::commands) fn load(core: &Core) -> Result<Self, CommandError> {
        let mut out = Self::default();
        let rosters: Vec<DocId> = core.ledger().documents().filter(|d| d.kind == Kind::Roster).copied().collect();
        let orgs = core.ledger().registry.orgs.iter().filter(|(_, o)| o.current().closed_day.is_some());
        out.closed = orgs.map(|(id, _)| *id).collect();
        for document in rosters {
            for row in core.view(&document)?.current() {
                if let Some(teacher) = row.read::<Teacher>() {
                    out.schools.entry(teacher.row.no).or_default().insert(document.owner);
                }
            }
        }
        Ok(out)
    }

    /// Does this school's roster have the teacher?
    pub(in crate::commands) fn has(&self, school: OrgId, teacher: &str) -> bool {
        self.schools.get(teacher).is_some_and(|s| s.contains(&school))
    }

    /// Of an open school and closed ones the open one.
    fn school_of(&self, teacher: &str) -> Option<OrgId> {
        let all = self.schools.get(teacher)?;
        let open: Vec<&OrgId> = all.difference(&self.closed).collect();
        match (open.as_slice(), all.len()) {
            ([only], _) => Some(**only),
            ([], 1) => all.first().copied(),
            _ => None,
        }
    }
}

/// Ledgers, activities and rosters, each read once a command.
#[derive(Debug, Default)]
pub(in crate::commands) struct Shelves {
    known: BTreeMap<(OrgId, Kind, Option<OrgId>), Known>,
    activities: Activities,
    rosters: Option<Rosters>,
}

impl Shelves {
    /// What is recorded by an owner in documents of a kind.
    pub(in crate::commands) fn known(
        &mut self,
        core: &Core,
        owner: OrgId,
        kind: Kind,
        subject: Option<OrgId>,
    ) -> Result<&mut Known, CommandError> {
        use std::collections::btree_map::Entry;
        match self.known.entry((owner, kind, subject)) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                // Registrations may name their activity by reference: those must be known first.
                self.activities.load(core, &[owner, subject.unwrap_or(owner)])?;
                Ok(free.insert(Known::load(core, owner, kind, subject, &mut self.activities)?))
            }
        }
    }

    /// What is recorded in a ledger.
    pub(in crate::commands) fn ledger(&mut self, core: &Core, shelf: Shelf) -> Result<&mut Known, CommandError> {
        self.known(core, shelf.owner, Kind::Ledger, shelf.subject)
    }

    /// Activities that these organisations may mean by a number.
    pub(in crate::commands) fn activities(&mut self, core: &Core, owners: &[OrgId]) -> Result<&Activities, CommandError> {
        self.activities.load(core, owners)?;
        Ok(&self.activities)
    }

    /// The rosters here.
    pub(in crate::commands) fn rosters(&mut self, core: &Core) -> Result<&Rosters, CommandError> {
        if self.rosters.is_none() {
            self.rosters = Some(Rosters::load(core)?);
        }
        self.rosters.as_ref().ok_or_else(|| CommandError::new(ErrorKind::Internal, "花名册未读入", "the rosters were not read"))
    }
}
