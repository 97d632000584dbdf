//! The journal, the sled index, attachments and snapshots; a commit returns only when durable.
