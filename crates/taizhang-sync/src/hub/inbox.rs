//! What waits while a commit is under way: in order, and counted by session, so that a flood costs its sender the session and nobody else.

use std::collections::{BTreeMap, VecDeque};

use taizhang_core::planted::{Check, is_off};

use super::Hub;
use crate::{
    io::{Effect, Input, SessionId},
    limits,
    planted::Planted,
};

/// Inputs in the order in which they came.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: VecDeque<Input>,
    shares: BTreeMap<SessionId, Share>,
    bytes: usize,
}

/// What waits of one session.
#[derive(Clone, Copy, Default)]
struct Share {
    inputs: usize,
    bytes: usize,
}

impl Inbox {
    pub(super) fn push(&mut self, input: Input) {
        if let Some((session, bytes)) = counted(&input) {
            let share = self.shares.entry(session).or_default();
            share.inputs += 1;
            share.bytes += bytes;
            self.bytes += bytes;
        }
        self.waiting.push_back(input);
    }

    pub(super) fn pop(&mut self) -> Option<Input> {
        let input = self.waiting.pop_front()?;
        if let Some((session, bytes)) = counted(&input) {
            self.bytes -= bytes;
            if let Some(share) = self.shares.get_mut(&session) {
                share.inputs -= 1;
                share.bytes -= bytes;
                if share.inputs == 0 {
                    self.shares.remove(&session);
                }
            }
        }
        Some(input)
    }

    /// Does anything of this session wait?
    fn holds(&self, session: SessionId) -> bool {
        self.shares.contains_key(&session)
    }

    /// The session that has to end after an input of `last`: its own for too many, or the one of which most waits where all together are too much.
    fn too_much(&self, last: SessionId) -> Option<SessionId> {
        if self.shares.get(&last).is_some_and(|s| s.inputs > limits::INBOX_OF_SESSION_MAX) {
            return Some(last);
        }
        if self.bytes <= limits::INBOX_BYTES_MAX {
            return None;
        }
        let most = self.shares.iter().max_by_key(|(_, s)| s.bytes).map(|(session, _)| *session);
        if is_off(Check::InboxShare) { Some(last) } else { most }
    }

    /// Drops what waits of a session that has ended.
    pub(super) fn forget(&mut self, session: SessionId) {
        if let Some(share) = self.shares.remove(&session) {
            self.bytes -= share.bytes;
            self.waiting.retain(|i| counted(i).is_none_or(|(of, _)| of != session));
        }
    }

    /// All that waits.
    pub(super) fn take(&mut self) -> VecDeque<Input> {
        std::mem::take(self).waiting
    }
}

/// Whose input it is, if another node can make more of them, and what it takes.
fn counted(input: &Input) -> Option<(SessionId, usize)> {
    match input {
        Input::Frame { session, bytes } => Some((*session, bytes.len() + limits::INPUT_BYTES)),
        Input::Connected { session, .. } => Some((*session, limits::INPUT_BYTES)),
        _ => None,
    }
}

impl Hub {
    pub(super) fn wait(&mut self, input: Input) {
        if self.planted(Planted::InboxForgotten) && matches!(input, Input::Frame { .. }) {
            return;
        }
        let of = counted(&input).map(|(session, _)| session);
        let is_frame = matches!(input, Input::Frame { .. });
        if of.is_some_and(|s| is_frame && !self.sessions.contains_key(&s) && !self.inbox.holds(s)) {
            return;
        }
        self.inbox.push(input);
        if let Some(session) = of.and_then(|last| self.inbox.too_much(last))
            && !is_off(Check::Inbox)
        {
            self.close_for_flood(session);
        }
    }

    /// Ends a session, or the connection that has not become one yet.
    fn close_for_flood(&mut self, session: SessionId) {
        let reason = "too many frames while a commit is under way";
        if self.sessions.contains_key(&session) {
            return self.close(session, reason);
        }
        self.inbox.forget(session);
        self.effects.push_back(Effect::Close { session, reason });
    }
}
