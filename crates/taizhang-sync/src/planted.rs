//! Bugs planted on purpose (feature `planted`): the simulator must find every one of them, or it shows nothing. Without the feature none can be switched on.

/// One bug each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planted {
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
    /// Signs a receipt for more than it has.
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
    /// Forgets what waited while a commit was under way.
    InboxForgotten,
    /// Answers a second use of an invite that another has used.
    InviteTwice,
    /// Admits expired invites.
    InviteExpired,
    /// Goes on with a log after one of its entries was refused.
    RefusedLogContinued,
    /// Adds a tip of its own to what differs.
    DigestOfCountOnly,
}

impl Planted {
    /// Every bug.
    pub const ALL: [Planted; 20] = [
        Self::AckBeforeCommit,
        Self::DropsEntries,
        Self::SignaturesUnchecked,
        Self::HeightsTrusted,
        Self::NoForwarding,
        Self::ReceiptTooEarly,
        Self::RegistryChangeIgnored,
        Self::ScopeIgnored,
        Self::NewestFirst,
        Self::AttachmentsMayMiss,
        Self::FailedCommitKept,
        Self::UnknownTipsTrusted,
        Self::NoRecheck,
        Self::AckCountedTwice,
        Self::AttachmentCut,
        Self::InboxForgotten,
        Self::InviteTwice,
        Self::InviteExpired,
        Self::RefusedLogContinued,
        Self::DigestOfCountOnly,
    ];
}
