//! Bugs planted on purpose (feature `planted`): the simulator must find every one of them, or it shows nothing. Without the feature none can be switched on.

use crate::ledger::Ledger;

/// One bug each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planted {
    /// Takes any grant for the author's own.
    GrantKeyUnchecked,
    /// Lets a register replace what never wrote it.
    RegisterReplacesUnchecked,
    /// Lets everything stand that a burnt key wrote.
    BurnIgnored,
    /// Keeps every branch of a fork.
    BranchLimitIgnored,
    /// Lets everything count that arrived after a lock.
    LockIgnored,
}

impl Planted {
    /// Every bug.
    pub const ALL: &'static [Planted] =
        &[Self::GrantKeyUnchecked, Self::RegisterReplacesUnchecked, Self::BurnIgnored, Self::BranchLimitIgnored];
}

impl Ledger {
    /// Is this bug planted? Never outside of tests.
    #[cfg(feature = "planted")]
    pub(crate) fn is_planted(&self, bug: Planted) -> bool {
        self.planted == Some(bug)
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the other form uses it")]
    pub(crate) fn is_planted(&self, _: Planted) -> bool {
        false
    }
}
