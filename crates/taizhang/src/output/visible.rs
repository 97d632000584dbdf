//! Other people's text on this terminal: a title must not clear the screen, colour an error green, or turn the direction of reading.

/// The text with a mark in place of everything that would steer a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Control characters but for ends of lines and tabs, and those that turn the direction of reading.
fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_title_steers_no_terminal() {
        assert_eq!(plain("培训\u{1b}[2J\r已批准\u{9b}31m\u{202e}TSOH"), "培训\u{fffd}[2J\u{fffd}已批准\u{fffd}31m\u{fffd}TSOH");
        assert_eq!(plain("第一行\n\t第二行 ✓ é 䶮"), "第一行\n\t第二行 ✓ é 䶮");
    }
}
