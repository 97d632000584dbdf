//! What was reckoned last, for a few questions: so that whoever asks the same again and again costs no more than the first time.

use std::{cell::RefCell, collections::VecDeque, sync::Arc};

/// Answers kept, at most: one for each organisation that asks at the same time, as far as they are few.
const KEPT_MAX: usize = 8;

/// Answers by question. What an answer depends on is part of its question.
#[derive(Debug)]
pub(crate) struct Recent<Q, A>(RefCell<VecDeque<(Q, Arc<A>)>>);

impl<Q, A> Default for Recent<Q, A> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<Q: PartialEq, A> Recent<Q, A> {
    /// The answer, reckoned now if it is not among the last ones.
    pub(crate) fn get(&self, question: Q, reckon: impl FnOnce() -> A) -> Arc<A> {
        let known = self.0.borrow().iter().find(|(q, _)| *q == question).map(|(_, answer)| Arc::clone(answer));
        known.unwrap_or_else(|| {
            let answer = Arc::new(reckon());
            let mut kept = self.0.borrow_mut();
            kept.truncate(KEPT_MAX - 1);
            kept.push_front((question, Arc::clone(&answer)));
            answer
        })
    }

    /// Forgets everything: what the questions name was begun anew.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_answers_are_reckoned_once() {
        let recent = Recent::default();
        let ask = |q: usize, reckons: bool| {
            assert_eq!(
                *recent.get(q, || {
                    assert!(reckons, "{q}");
                    q * q
                }),
                q * q
            )
        };
        (0..KEPT_MAX).for_each(|q| ask(q, true));
        (0..KEPT_MAX).for_each(|q| ask(q, false));
        ask(KEPT_MAX, true);
        ask(0, true);
        recent.clear();
        ask(KEPT_MAX, true);
    }
}
