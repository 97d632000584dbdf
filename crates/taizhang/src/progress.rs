//! Progress and messages of a command, on stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use taizhang_node::command::Message;

use crate::output::{Output, words};

/// Shows how far a command has come; the bar is seen at a terminal only.
pub(crate) struct Progress {
    output: Output,
    bar: ProgressBar,
    what: String,
}

impl Progress {
    pub(crate) fn new(output: Output) -> Self {
        let bar = ProgressBar::hidden();
        if !output.quiet && !output.json {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Self { output, bar, what: String::new() }
    }

    /// Shows one message.
    pub(crate) fn tell(&mut self, message: &Message) {
        match message {
            Message::Progress { what, done, total } => self.advance(what, *done, *total),
            Message::Note(text) if !self.output.quiet && !self.output.json => {
                self.bar.suspend(|| eprintln!("{}", self.output.lang.text(text)))
            }
            Message::Note(_) => {}
        }
    }

    fn advance(&mut self, what: &str, done: u64, total: u64) {
        if self.what != what {
            what.clone_into(&mut self.what);
            self.bar.reset();
            let form = if total > 0 { "{msg} {bar:30} {pos}/{len} {eta}" } else { "{msg} {spinner} {pos}" };
            if let Ok(style) = ProgressStyle::with_template(form) {
                self.bar.set_style(style);
            }
            self.bar.set_message(words::label(what, self.output.lang));
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
        if total > 0 {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
