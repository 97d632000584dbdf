//! What happened, as a hash always and as lines where asked for.

use taizhang_sync::{Event, frame::Frame};

/// A running hash, and lines.
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
    begin: Option<u64>,
}

impl Trace {
    pub(crate) fn new(lines: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: lines.then(Vec::new), begin: None }
    }

    /// FNV-1a.
    fn mix(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.hash = (self.hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }

    pub(crate) fn line(&mut self, now: u64, text: impl FnOnce() -> String) {
        self.mix(&now.to_be_bytes());
        let begin = *self.begin.get_or_insert(now);
        if let Some(lines) = &mut self.lines {
            let since = now - begin;
            lines.push(format!("{:>7}.{:03} s  {}", since / 1000, since % 1000, text()));
        }
    }

    pub(crate) fn frame(&mut self, now: u64, conn: usize, end: usize, wire: &[u8]) {
        self.mix(&(conn as u64).to_be_bytes());
        self.mix(wire);
        self.line(now, || {
            let arrow = if end == 1 { "→" } else { "←" };
            format!("conn {conn} {arrow} {}", describe(wire))
        });
    }

    pub(crate) fn event(&mut self, now: u64, node: usize, event: &Event) {
        self.mix(&(node as u64).to_be_bytes());
        self.line(now, || {
            let text = format!("{event:?}");
            format!("node {node}: {}", text.chars().take(400).collect::<String>())
        });
    }
}

fn describe(wire: &[u8]) -> String {
    let mut decoder = taizhang_net::framing::Decoder::new(usize::MAX);
    let mut input = wire;
    let Ok(Some(frame)) = decoder.feed(&mut input) else { return format!("{} bytes", wire.len()) };
    match Frame::decode(&frame) {
        Ok(Some(Frame::Batch(b))) => {
            format!(
                "Batch of {} entries, {} bytes{}{}",
                b.signatures.len(),
                frame.len(),
                mark(b.fresh, " fresh"),
                mark(b.last, " last")
            )
        }
        Ok(Some(Frame::Hello { wants, join, .. })) => format!("Hello wants {:x}{}", wants.0, mark(join.is_some(), " join")),
        Ok(Some(frame)) => format!("{frame:?}").chars().take(300).collect(),
        Ok(None) => "optional frame".to_owned(),
        Err(e) => format!("{e}: {} bytes", wire.len()),
    }
}

fn mark(yes: bool, text: &'static str) -> &'static str {
    if yes { text } else { "" }
}
