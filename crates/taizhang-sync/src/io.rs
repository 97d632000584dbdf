//! What goes into the hub and what comes out.

use taizhang_core::{
    admission::{AdmittedEntry, Refusal},
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, OrgId, PublicKey},
    units::Ms,
};

use crate::{frame::Kinds, keys::KeyRecord};

/// One connection's sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// One commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u64);

/// Names a local write, so that its writer hears what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What happened outside.
#[derive(Debug)]
pub enum Input {
    /// A connection stands; the transport has proved the remote key.
    Connected {
        /// Its name from now on.
        session: SessionId,
        /// The remote node's key.
        remote: PublicKey,
        /// Did we dial?
        dialer: bool,
    },
    /// A whole frame arrived.
    Frame {
        /// On which connection.
        session: SessionId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Somebody here wrote: one commit, whole or absent.
    Local {
        /// Hears what became of it.
        token: Token,
        /// In the order of their logs.
        entries: Vec<SignedEntry>,
        /// Named by those entries.
        attachments: Vec<(AttachmentId, Vec<u8>)>,
    },
    /// The commit is durable.
    Committed(CommitId),
    /// The commit failed; nothing of it is in the store. The ledger must be loaded again: [`crate::Hub::reload`].
    CommitFailed(CommitId),
    /// The connection is gone.
    Closed {
        /// Which.
        session: SessionId,
    },
    /// What somebody here found who has teachers' keys.
    Keys {
        /// The records as they must be: made by somebody who has the key. Each stands in the place of all others of its key to its person.
        right: Vec<KeyRecord>,
        /// Records to this person that do not open.
        spoiled: Vec<KeyRecord>,
    },
    /// The time of [`crate::Hub::poll_timeout`] has come.
    Timeout,
    /// A bundle is to be written; it begins at once, [`Input::CarryOn`] goes on.
    Carry {
        /// Its name from now on, no connection's.
        session: SessionId,
        /// The node that shall read it.
        to: PublicKey,
        /// Its organisation, where several certify it.
        named: Option<OrgId>,
        /// Kinds that it asks for, as far as is known.
        wants: Kinds,
    },
    /// A bundle is to be read: its frames follow, each behind the commit of the one before.
    Carried {
        /// Its name from now on, no connection's.
        session: SessionId,
        /// The node that signed it.
        from: PublicKey,
    },
    /// The next batch of a bundle that is written; one that was read is answered. [`Effect::Close`] is its end.
    CarryOn {
        /// Which.
        session: SessionId,
        /// Is there room for entries? Else its end follows.
        room: bool,
    },
    /// Compare with this session again now (a person pressed "sync").
    Compare {
        /// Which.
        session: SessionId,
    },
}

/// What one commit holds.
#[derive(Clone, Debug, Default)]
pub struct CommitRequest {
    /// Verified entries, each behind those it names.
    pub entries: Vec<AdmittedEntry>,
    /// Verified attachments.
    pub attachments: Vec<(AttachmentId, Vec<u8>)>,
    /// Small keyed values: receipts held, receipts owed. None: there is no such value any more.
    pub notes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// What is to be done outside, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Make durable, then answer [`Input::Committed`] or [`Input::CommitFailed`].
    Commit(CommitId, CommitRequest),
    /// Put a frame on the session's stream.
    Send {
        /// Which session.
        session: SessionId,
        /// The frame.
        frame: Vec<u8>,
    },
    /// End the connection.
    Close {
        /// Which session.
        session: SessionId,
        /// Why, for people.
        reason: &'static str,
    },
    /// The keyring changed: keep what [`crate::Hub::keys`] holds, and nothing else, before anything further is told.
    KeepKeys,
    /// Tell whoever watches.
    Notify(Event),
}

/// What people and views may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Entries are durable here.
    Stored {
        /// From another node, or written here.
        from: Option<PublicKey>,
        /// The entries, in order.
        entries: Vec<EntryId>,
        /// Their documents.
        documents: Vec<DocId>,
    },
    /// A local write is durable.
    Written(Token),
    /// A local write was refused by a rule or by the disk; nothing of it is stored.
    NotWritten(Token, Refused),
    /// The other node has these entries durably.
    Delivered {
        /// Which node.
        to: PublicKey,
        /// Entries acknowledged with this message; refused ones are not among them.
        entries: Vec<EntryId>,
    },
    /// Nothing is owed in either direction as far as both know.
    InSync {
        /// Which session.
        session: SessionId,
        /// Which node.
        with: PublicKey,
        /// For which organisation it works.
        org: OrgId,
        /// Of which documents: those of these kinds that both organisations may read.
        kinds: Kinds,
        /// How many entries were here.
        here: u64,
    },
    /// An entry from another node was refused.
    RefusedHere {
        /// Which node sent it.
        from: PublicKey,
        /// Which document.
        document: DocId,
        /// Which author.
        author: PublicKey,
        /// Why.
        reason: Refusal,
    },
    /// Another node refused one of the entries we sent.
    RefusedThere {
        /// Which node.
        by: PublicKey,
        /// Which document.
        document: DocId,
        /// Which author.
        author: PublicKey,
        /// Which sequence of the log.
        sequence: u64,
        /// [`Refusal::code`].
        code: u64,
    },
    /// Another node holds an entry signed by one of our own keys that is not here: this machine was set back, or somebody else has the key. It is fetched like any other.
    Ahead {
        /// Which node says so.
        by: PublicKey,
        /// Which document.
        document: DocId,
        /// Which of our keys.
        author: PublicKey,
        /// Which sequence of the log.
        sequence: u64,
        /// The entry.
        entry: EntryId,
    },
    /// An entry or its attachment could not be read from the store: nobody can get it from here until it is fetched again.
    Unreadable {
        /// Which entry.
        entry: EntryId,
    },
    /// Records of teachers' keys are here.
    KeysArrived {
        /// From another node.
        from: PublicKey,
        /// How many were new.
        records: usize,
    },
    /// Records of teachers' keys did not open, or were not the right ones, and are gone.
    KeysSpoiled {
        /// How many.
        records: usize,
    },
    /// Teachers' keys were destroyed here.
    KeysErased {
        /// How many records.
        records: usize,
    },
    /// A receipt arrived.
    Receipt {
        /// The node that signed it.
        from: PublicKey,
        /// What it covers.
        documents: Vec<DocId>,
        /// When, by its clock.
        time: Ms,
        /// In a bundle: signed perhaps long ago.
        carried: bool,
    },
    /// A session began to sync.
    Greeted {
        /// Which session.
        session: SessionId,
        /// Which node.
        with: PublicKey,
    },
    /// A session ended.
    Ended {
        /// Which session.
        session: SessionId,
        /// Which node.
        with: PublicKey,
        /// Why.
        reason: &'static str,
    },
}

/// Why a local write was not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A rule.
    #[error(transparent)]
    Rule(#[from] Refusal),
    /// The disk.
    #[error("the store could not write it")]
    Storage,
}
