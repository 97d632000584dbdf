//! Bugs planted on purpose (feature `planted`): the simulator must find every one of them, and the table of attacks must be got through without the check that it names, or they show nothing. Without the feature none can be switched on.

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
    pub const ALL: &'static [Planted] = &[
        Self::GrantKeyUnchecked,
        Self::RegisterReplacesUnchecked,
        Self::BurnIgnored,
        Self::BranchLimitIgnored,
        Self::LockIgnored,
    ];
}

impl Ledger {
    /// Is this bug planted? Never outside of tests.
    #[cfg(feature = "planted")]
    pub(crate) fn is_planted(&self, bug: Planted) -> bool {
        self.planted == Some(bug) || is_off(Check::Bug(bug))
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the other form uses it")]
    pub(crate) fn is_planted(&self, _: Planted) -> bool {
        false
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A check that the table of attacks takes away, in whichever crate it stands. The switch is the thread's, because most of these checks stand in functions that know no ledger.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check {
            /// The check that one of the simulator's bugs leaves out.
            Bug(Planted),
            $($(#[$doc])* $name),*
        }

        impl Check {
            /// Every check but those of the simulator's bugs.
            pub const ALL: &'static [Check] = &[$(Self::$name),*];
        }
    };
}

checks! {
    // Bundles.
    /// Only what says something by itself stands in a bundle.
    BundleFrames,
    /// A bundle's writer is certified.
    BundleCertified,
    /// Tips that a bundle tells.
    BundleTips,
    /// A bundle is for its receiver only: the shared secret is part of its key.
    BundleSecret,
    /// A chunk's place in the bundle.
    BundleOrder,
    /// The last chunk of a bundle says that it is the last.
    BundleEnd,
    /// The writer's signature.
    BundleSender,
    /// The length of a frame in a bundle.
    BundleFrameLength,
    // The form of entries and their signatures.
    /// The signature covers the network.
    NetworkSigned,
    /// The unprotected header is empty.
    UnprotectedEmpty,
    /// Heads have their shortest form.
    ShortestForm,
    /// The algorithm is the one.
    Algorithm,
    /// Keys and points of small order are refused.
    StrictSignature,
    /// The signature fits.
    Signature,
    /// An entry's length.
    EntryLength,
    /// Operations of an entry.
    OperationCount,
    /// A row's length.
    RowLength,
    /// Nesting of CBOR.
    Depth,
    /// Rows or entries that one operation replaces.
    ReplacesCount,
    /// What is replaced stands in order, nothing twice.
    ReplacesOrder,
    /// A register's value is short and a scalar.
    RegisterValue,
    /// An entry writes a register once.
    RegisterOnce,

    // Logs, roles, registries.
    /// Previous continues the log.
    Continuity,
    /// A link leads to the same key's entry of the same document.
    Link,
    /// A document is written by its owner's people.
    DocumentOwner,
    /// Its kind asks for a role.
    WriterRole,
    /// The root statement is the network's name.
    RootStatement,
    /// Under it write its keys only.
    RootKeys,
    /// An invite's key writes the newcomer's grants only.
    OneUseContent,
    /// An invite's key writes one entry.
    OneUseOnce,
    /// An organisation's id comes from its creation.
    OrgId,
    /// An organisation is created by its parent.
    OrgParent,
    /// An organisation is created under one that may have such.
    OrgOrder,
    /// An organisation is changed where it was created.
    OrgChange,
    /// Only who lies above an organisation, and above its new parent, describes and moves it.
    OrgPlace,
    /// Of rows that place an organisation the one nearest to the root has the last word.
    PlaceLast,
    /// A county that a school has left has no part in the years after.
    YearsAfter,
    /// A root statement carries signatures of enough of its predecessor's keys.
    RootSigners,
    /// A dispute about the root is settled by all keys, not by m of them.
    RootSettled,
    /// Of two successors of one root statement neither counts.
    RootContested,
    /// What a removed root key wrote stands as far as its positions.
    RootRetired,
    /// An organisation created again settles what was settled by its first creation.
    CreationSettles,
    /// Of two registries that created one organisation, that of the lower row is the one.
    CreatorLowest,
    /// A row places an organisation under a parent that is known.
    OrgParentKnown,
    /// A grant rests on a row of its organisation.
    GrantBasis,
    /// A registry certifies the staff of its own organisation and of those it created.
    GrantScope,
    /// A grant lies so far from the root at most.
    GrantDepth,
    /// An organisation of a kind has its roles.
    OfficeRoles,
    /// What is replaced lies in the same document, or in a review of the same subject.
    ReplacesHere,
    /// A review replaces rows of reviews below only.
    ReplacesBelow,

    // Standing.
    /// A burn holds under any later grant.
    BurnForEver,
    /// Of several burns, only what all cover stands.
    BurnsTogether,
    /// Positions cover by id.
    PositionIds,
    /// A burn acts on keys granted in the same registry.
    BurnOwnRegistry,
    /// A registry has no say over what a key writes elsewhere, whatever it granted that key.
    StrangersGranted,
    /// A burn acts at its own depth or deeper.
    BurnDepth,
    /// Two that burn each other are both burnt.
    BurnMutual,
    /// An accept counts if it stands.
    AcceptStands,
    /// An accept reaches only what is its own.
    AcceptScope,
    /// An accept lifts the burns of its own organisation and of those below.
    AcceptBurner,
    /// Who took over an organisation lifts burns by those who have it no more.
    LiftTakenOver,
    /// Who took over an organisation burns keys that were granted before.
    BurnTakenOver,
    /// Who took over an organisation ends grants that were given before.
    EndTakenOver,
    /// Those who answer for an organisation vouch for its grants.
    GrantVouched,
    /// What a key writes after its end waits.
    EndActs,
    /// The end of who decides goes by positions, not by dates.
    EndPositions,
    /// A grant ends where it was written.
    EndOwnRegistry,
    /// After one use of an invite was accepted another changes nothing.
    InviteUsedUp,
    /// Standing reads no clock.
    ClockUnread,
    /// What a review decided on is kept, however many branches lie beside it.
    DecidedKept,
    /// What an entry keeps by naming it, every reader of that knows of.
    KeptByKnown,
    /// Rows of every branch are rows.
    EveryBranch,
    /// Open tips of one key in one document.
    OpenTips,

    // Views, rules, papers.
    /// A row counts in documents of its kind.
    RowBelongs,
    /// Decisions count in reviews by those above.
    DecisionAbove,
    /// A lock is written by those above.
    LockAbove,
    /// One entry holds one lock.
    OneLock,
    /// A grant rests on a row of its own registry or of one above that.
    GrantGroundAbove,
    /// A registry line holds those who granted on the ground of a move, also of one that does not count any more.
    LinePlaced,
    /// A log may rest on a grant of where its organisation was moved only if the registry that moved it lies above both.
    GrantMovedFromAbove,
    /// One entry holds one rollup.
    OneRollup,
    /// A late decision leans on an earlier one only against locks of its own organisation or one below.
    LeanBelow,
    /// A late decision leans on an earlier one about the same.
    LeanMatter,
    /// Decisions that disagree are undecided.
    RivalDecisions,
    /// Contents that disagree are rivals.
    RivalContents,
    /// A slash in an id is no part of its form.
    IdParts,
    /// A decision on a sheet names its payload.
    SheetDigest,
    /// A decision on a plan is a reviewer's.
    PlanReviewer,
    /// Two adoptions of one day by one organisation contradict each other.
    RivalAdoptions,
    /// A policy's text is the one adopted.
    PolicyText,
    /// A rollup's attachments are those named.
    RollupAttachments,
    /// A rollup's roots are those of its lists.
    RollupRoots,
    /// A rollup's totals are the sums of its lines.
    RollupSums,
    /// A certificate's signature fits what it says.
    CertificateSigned,
    /// A commitment to a name belongs to one certificate.
    CertificateNumber,

    // Replication.
    /// Sessions of another network end.
    HelloNetwork,
    /// The first frame is a greeting.
    HelloFirst,
    /// Nothing is sent to nodes that are not certified.
    Strangers,
    /// An invite is used for the node that shows it.
    InviteNode,
    /// Only documents that this node may read are taken.
    MayHold,
    /// Open tips are told to readers only.
    TipsScope,
    /// A receipt is signed.
    ReceiptSigned,
    /// A receipt names entries that are here.
    ReceiptKnown,
    /// A receipt speaks of shared documents.
    ReceiptScope,
    /// A receipt that covers less replaces none that covers more.
    ReceiptCovers,
    /// Batches acknowledged were sent.
    AckSent,
    /// An attachment is what its name says.
    AttachmentHash,
    /// Pieces of an attachment come in order.
    AttachmentOrder,
    /// Attachments that wait.
    AttachmentsWaiting,
    /// Attachments that wait of all sessions.
    AttachmentsOfAll,
    /// Attachments come from certified nodes.
    AttachmentsCertified,
    /// A frame's length.
    FrameLength,
    /// What a batch unpacks to.
    BatchOutput,
    /// The window of a compressed stream.
    BatchWindow,
    /// Items of a frame.
    FrameCounts,
    /// Entries of a batch.
    BatchEntries,
    /// Sessions at once.
    Sessions,
    /// What is here is not stored again.
    StoredOnce,
    /// A clock that jumps back silences no receipts.
    ClockBack,
    /// Answers come to questions.
    AnswerAsked,
    /// What was refused for want of an entry is asked for again when that has come.
    RetryMissing,
    /// Refused logs of a session.
    RefusedLogs,
    /// Frames that wait for a commit.
    Inbox,
    /// Who has most waiting goes, not who came last.
    InboxShare,
    /// Whoever connects greets in time, and says who it is.
    GreetsInTime,
    /// Sessions of one node.
    SessionsOfNode,
    /// Sessions of nodes that are not certified.
    StrangersAtOnce,
    /// A receipt that says the same again is not kept.
    ReceiptRepeats,
    /// Keyring records are spoken of between those who may read the document.
    KeysScope,
    /// A keyring record's key is named by the document.
    KeyNamed,
    /// A keyring record is for somebody who may open names.
    KeyReader,
    /// An erased key is taken from nobody.
    KeyErased,
    /// Records of one document's keys.
    KeysOfDocument,
    /// Records of one key to one person.
    KeyCopies,
    /// Keyring records of one document are not told again and again.
    KeysAgain,
    /// A school alone erases no key.
    EraseConfirmed,
    /// A keyring record that is held is displaced by none that another node sends.
    KeyHeld,
    /// What somebody who has the key says is the right record displaces the others.
    KeyProven,
    /// Of the organisations that certify a node it says itself for which it works.
    NodeNames,
    /// Candidates tried at a fork for the entry before one.
    ForkCandidates,
    /// An answer is about a part that was asked about, once.
    AnswerPart,
    /// That a log was refused there is told once a round.
    RefusedOnce,
    /// The tips of a document are heard once a round.
    TipsOnce,

    // Transport and sheets.
    /// A frame's announced length.
    AnnouncedLength,
    /// Connections of nodes that are not known.
    StrangersShare,
    /// The dialer expects a key.
    ExpectedKey,
    /// Connections of one address.
    AddressShare,
    /// Bytes on their way to one reader.
    Window,
    /// Who connects speaks in time.
    SpeaksInTime,
    /// The control socket serves its own user.
    ControlUser,
    /// A request's length.
    RequestLength,
    /// A request comes in time.
    RequestInTime,
    /// Text that a spreadsheet would run as a formula is written as text.
    FormulaText,
    /// What a workbook unpacks to.
    Unpacked,
    /// Counts that a workbook declares.
    DeclaredCounts,
}

/// Is this check taken away on this thread? Never outside of tests.
#[cfg(feature = "planted")]
#[must_use]
pub fn is_off(check: Check) -> bool {
    AWAY.get() == Some(check)
}

/// Is this check taken away on this thread? Never outside of tests.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is_off(_: Check) -> bool {
    false
}

#[cfg(feature = "planted")]
thread_local! {
    static AWAY: std::cell::Cell<Option<Check>> = const { std::cell::Cell::new(None) };
}

/// The same work with this thread's switch, for a thread that begins it.
#[cfg(feature = "planted")]
pub fn handed_over<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let away = AWAY.get();
    move || {
        AWAY.set(away);
        work()
    }
}

/// The same work: no thread has a switch outside of tests.
#[cfg(not(feature = "planted"))]
pub fn handed_over<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    work
}

/// While it lives, one check is away on this thread, and on those that it begins with [`handed_over`].
#[cfg(feature = "planted")]
#[derive(Debug)]
pub struct Away(std::marker::PhantomData<*const ()>);

/// Takes a check away on this thread until the value is dropped.
#[cfg(feature = "planted")]
#[must_use]
pub fn take_away(check: Check) -> Away {
    AWAY.set(Some(check));
    Away(std::marker::PhantomData)
}

#[cfg(feature = "planted")]
impl Drop for Away {
    fn drop(&mut self) {
        AWAY.set(None);
    }
}
