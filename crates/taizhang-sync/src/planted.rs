//! Bugs planted on purpose (feature `planted`): the simulator must find every one of them, or it shows nothing. Without the feature none can be switched on.

macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// One bug each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Planted {
            $($(#[$doc])* $name),*
        }

        impl Planted {
            /// Every bug.
            pub const ALL: &'static [Planted] = &[$(Self::$name),*];
        }
    };
}

bugs! {
    /// Acknowledges a batch before it is durable.
    AckBeforeCommit,
    /// Leaves out one entry in a hundred when sending.
    DropsEntries,
    /// Does not check signatures.
    SignaturesUnchecked,
    /// Takes a tip at a known height as known without comparing ids.
    HeightsTrusted,
    /// Forgets to pass on what came from another session.
    NoForwarding,
    /// Signs a receipt for what is not durable yet.
    ReceiptTooEarly,
    /// Compares nothing anew after the registry changed.
    RegistryChangeIgnored,
    /// Sends documents that the other may not read.
    ScopeIgnored,
    /// Sends newest first.
    NewestFirst,
    /// Takes entries whose attachments are not here.
    AttachmentsMayMiss,
    /// Keeps what a failed commit would have written.
    FailedCommitKept,
    /// Takes an unknown tip as "has everything".
    UnknownTipsTrusted,
    /// Never compares a second time after a round that found differences.
    NoRecheck,
    /// Counts an acknowledged batch twice.
    AckCountedTwice,
    /// Loses the end of an attachment in pieces.
    AttachmentCut,
    /// Forgets frames that came while a commit was under way.
    InboxForgotten,
    /// Answers a second use of an invite that another has used.
    InviteTwice,
    /// Answers expired invites.
    InviteExpired,
    /// Tells people that a refused entry was delivered.
    RefusedCountsAsDelivered,
    /// Compares how many entries a document has, and not which.
    DigestOfCountOnly,
}

/// Is this bug planted on this thread? Never outside of tests.
#[cfg(feature = "planted")]
#[must_use]
pub fn is_planted(bug: Planted) -> bool {
    HERE.get() == Some(bug)
}

#[cfg(feature = "planted")]
thread_local! {
    static HERE: std::cell::Cell<Option<Planted>> = const { std::cell::Cell::new(None) };
}

/// Plants a bug on this thread, for the table of attacks; `None` digs it out.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Planted>) {
    HERE.set(bug);
}
