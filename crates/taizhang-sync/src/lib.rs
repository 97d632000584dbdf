//! Pure: replication as a deterministic state machine; input, now and randomness in, ordered effects out. No IO, clock or async.
//!
//! ```text
//!            Connected            Hello both ways        roots equal, or every difference exchanged
//!   (none) ───────────► Greeting ────────────► Comparing ───────────────────────────────► Live
//!                                                  ▲          new readers or documents      │
//!                                                  └────────────────────────────────────────┘
//! loop {
//!     hub.handle(now, store, input);              // Connected, Frame, Local, Committed, Closed, Timeout
//!     while let Some(effect) = hub.poll_effect() { // in this order
//!         Commit → make durable, then input Committed;  Send → the session's stream;  Close; Notify
//!     }
//!     wake at hub.poll_timeout()
//! }
//! ```
//! Reading order: `io` (what goes in and out), `frame` (what travels), `summary` and `tips` (what differs), `batch` (entries on the wire), `keys` (teachers' keys, outside of the journal), `session`, `hub`.

mod attachments;
pub mod batch;
mod compress;
pub mod frame;
mod hub;
pub mod io;
pub mod keys;
pub mod limits;
pub mod planted;
mod recent;
mod session;
pub mod spread;
pub mod summary;
pub mod tips;

pub use hub::{BUNDLE_WRITTEN, Config, Hub};
pub use io::{CommitId, CommitRequest, Effect, Event, Input, SessionId, Token};
pub use session::{Phase, SessionView};
