//! Bugs planted on purpose, in whichever crate they live.

/// A bug that a run carries everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// In replication.
    Sync(taizhang_sync::planted::Planted),
    /// In admission, standing or the ledger.
    Core(taizhang_core::planted::Planted),
    /// Syncs of the disk do nothing.
    SyncsSkipped,
}

impl Bug {
    /// Every bug.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let sync = taizhang_sync::planted::Planted::ALL.iter().copied().map(Self::Sync);
        let core = taizhang_core::planted::Planted::ALL.iter().copied().map(Self::Core);
        sync.chain(core).chain([Self::SyncsSkipped]).collect()
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Sync(bug) => format!("{bug:?}"),
            Self::Core(bug) => format!("{bug:?}"),
            Self::SyncsSkipped => "SyncsSkipped".to_owned(),
        }
    }

    /// The bug with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|b| b.name() == name)
    }
}
