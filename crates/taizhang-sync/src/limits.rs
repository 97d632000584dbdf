//! A limit on everything that another node can make grow.

/// Bytes of one frame, at most (the transport refuses longer ones before allocating).
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a batch after decompression, at most.
pub const BATCH_RAW_BYTES_MAX: usize = 256 * 1024;
/// Entries in a batch, at most.
pub const BATCH_ENTRIES_MAX: usize = 1024;
/// Documents listed in one leaf of a summary, at most; a subtree with more is sent as a node.
pub const LEAF_DOCUMENTS_MAX: usize = 16;
/// Nodes and leaves in one frame, at most.
pub const SUMMARY_NODES_MAX: usize = 256;
/// Open tips in one frame, at most; a longer list goes over several.
pub const TIPS_MAX: usize = 1024;
/// Earlier logs named beside a tip, at most.
pub const HINTS_MAX: usize = 48;
/// Logs that one direction of a session may number.
pub const LOG_REFS_MAX: usize = 1_000_000;
/// Bytes of one attachment, at most.
pub const ATTACHMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of attachments that wait in one session for the entry that names them, at most.
pub const ATTACHMENTS_WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of attachments that wait in all sessions, at most; beyond it the session of which most wait ends.
pub const ATTACHMENTS_WAITING_ALL_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Attachments that wait in one session for the entry that names them, at most: an entry of 512 rollups names 1,024.
pub const ATTACHMENTS_WAITING_MAX: usize = 1024 + 1;
/// Bytes of an attachment in one batch.
pub const ATTACHMENT_CHUNK_BYTES: usize = 48 * 1024;
/// Sessions at once; more are closed on arrival.
pub const SESSIONS_MAX: usize = 1024;
/// Of these, with nodes that our registry does not certify; more are closed on arrival.
pub const STRANGERS_MAX: usize = 256;
/// Of these, with one node; a further one ends the oldest, whose line is probably dead.
pub const SESSIONS_OF_NODE_MAX: usize = 4;
/// From the connection to the other's greeting, at most, ms.
pub const GREETING_MS_MAX: u64 = 30_000;
/// From the connection until what the other told certifies it, at most, ms.
pub const STRANGER_MS_MAX: u64 = 600_000;
/// Inputs of one session that wait while a commit is under way, at most; more end it.
pub const INBOX_OF_SESSION_MAX: usize = 4096;
/// Bytes of all that waits then, at most; beyond it the session of which most waits ends.
pub const INBOX_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What an input that waits takes beside its frame, counted large.
pub const INPUT_BYTES: usize = 256;
/// Documents compared by their tips in one round, at most.
pub const ROUND_DOCUMENTS_MAX: usize = 1 << 18;
/// Parts of the summary tree that the dialer still has to ask about, at most.
pub const QUESTIONS_MAX: usize = 1 << 18;
/// Entries tried at forks for the one that an entry continues, in one batch, at most: four for each of 1,024 entries.
pub const FORK_TRIES_MAX: usize = 4096;
/// Documents in one receipt, at most.
pub const RECEIPT_DOCUMENTS_MAX: usize = 16;
/// Tips in one receipt, at most: what does not fit goes into the next one. Keeps a stored receipt under 4 KB.
pub const RECEIPT_TIPS_MAX: usize = 64;
/// Refused logs remembered per session; beyond it the session ends.
pub const REFUSED_LOGS_MAX: usize = 4096;
/// Entries of our own keys that are not here, told of per session, at most.
pub const AHEAD_TOLD_MAX: usize = 16;
/// Open tips told by a bundle, at most, a document without any counted as one: what is kept until it is answered.
pub const BUNDLE_TIPS_MAX: usize = 1 << 18;
/// Keyring records kept by a node, at most.
pub const KEY_RECORDS_MAX: usize = 1 << 18;
/// Records kept of one identity document, at most: a school of 300 teachers, each with two keys, and 12 who open names. Else one school could take the places of all.
pub const KEY_RECORDS_OF_DOCUMENT_MAX: usize = 1 << 13;
/// Records kept of one key to one person, at most: honest ones are equal.
pub const KEY_COPIES_MAX: usize = 4;
/// Records remembered because the person whom they are for could not open them, at most.
pub const KEY_SPOILED_MAX: usize = 1 << 16;
/// Identity documents in one frame about keys, at most.
pub const KEY_DOCUMENTS_MAX: usize = 4096;
/// Ids of records in one frame, at most.
pub const KEY_IDS_MAX: usize = 1 << 16;
/// How often the records of one document are told in a session while nothing changes here, at most: what is asked for beyond that was told.
pub const KEY_TELLINGS_MAX: usize = 4;
/// How often a session may ask about one document while nothing changes here; more end it.
pub const KEY_ANSWERS_MAX: usize = 64;
/// Records in one frame, at most.
pub const KEY_RECORDS_OF_FRAME_MAX: usize = 1024;
