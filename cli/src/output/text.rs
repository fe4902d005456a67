//! Text of others, made safe to show.

use std::borrow::Cow;

/// `text` without what would steer the terminal; line ends become spaces.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().filter_map(|c| match c {
        '\n' | '\t' => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    });
    Cow::Owned(shown.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_out_and_letters_are_kept() {
        assert_eq!(printable("grün"), "grün");
        assert_eq!(printable("a\u{1b}[31mb\r\n\tc\u{9b}1m"), "a[31mb  c1m");
    }
}
