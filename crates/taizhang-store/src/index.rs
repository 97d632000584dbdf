//! The index: five small trees of keys and values that can be built again from the journal at any time.

pub(crate) mod keys;
pub(crate) mod map;
pub(crate) mod sled;

/// The five trees; `keys` says what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Entries,
    Arrivals,
    Notes,
    Snapshots,
    Meta,
}

impl Tree {
    pub(crate) const NAMES: [&'static str; 5] = ["entries", "arrivals", "notes", "snapshots", "meta"];
}

/// Writes to apply together; `None` deletes.
pub(crate) type Batch = Vec<(Tree, Vec<u8>, Option<Vec<u8>>)>;

/// Keys and values.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The index cannot be relied on any more.
#[derive(Clone, Debug)]
pub(crate) enum IndexFault {
    /// Another process has it.
    InUse,
    /// Its disk is full; it may be good.
    NoSpace(String),
    /// It is damaged, or its disk fails.
    Broken(String),
}

impl std::fmt::Display for IndexFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InUse => write!(f, "the index is in use by another program"),
            Self::NoSpace(why) | Self::Broken(why) => write!(f, "{why}"),
        }
    }
}

/// An ordered store of small values (none over `MAX_NOTE_BYTES`).
pub(crate) trait Index: Send {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, IndexFault>;
    /// At most `limit` pairs with keys ≥ `from`, in order.
    fn range(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Pairs, IndexFault>;
    /// Applies all of the batch or nothing; not yet durable.
    fn apply(&mut self, batch: &Batch) -> Result<(), IndexFault>;
    /// Makes everything applied so far durable.
    fn durable(&mut self) -> Result<(), IndexFault>;
    /// Its size on disk.
    fn bytes(&self) -> u64;
}

/// Where indexes come from.
pub(crate) trait IndexSource: Send {
    /// Opens the index, or a new one; `true` if there was none.
    fn open(&mut self) -> Result<(Box<dyn Index>, bool), IndexFault>;
    /// Moves a bad index out of the way; returns the name it has now, if there was one.
    fn set_aside(&mut self) -> Result<Option<String>, IndexFault>;
    /// Removes a half-made index, to give its space back.
    fn discard(&mut self);
}

/// Stands where an index could not be opened.
pub(crate) struct NoIndex(pub(crate) IndexFault);

impl NoIndex {
    fn fault(&self) -> IndexFault {
        self.0.clone()
    }
}

impl Index for NoIndex {
    fn get(&self, _: Tree, _: &[u8]) -> Result<Option<Vec<u8>>, IndexFault> {
        Err(self.fault())
    }

    fn range(&self, _: Tree, _: &[u8], _: usize) -> Result<Pairs, IndexFault> {
        Err(self.fault())
    }

    fn apply(&mut self, _: &Batch) -> Result<(), IndexFault> {
        Err(self.fault())
    }

    fn durable(&mut self) -> Result<(), IndexFault> {
        Err(self.fault())
    }

    fn bytes(&self) -> u64 {
        0
    }
}
