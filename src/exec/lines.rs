//! Output of a tool, read line by line in bounded memory.

use std::{collections::VecDeque, io::Read};

/// A longer line is cut here, in bytes; what floods without a line break is cut into lines of this length.
pub(super) const MAX_LINE: usize = 4 * 1024;
/// How many of the last lines an error tells.
const TAIL: usize = 20;

/// Reads `source` to its end and passes its lines on, without escape sequences.
pub(super) fn read_lines(mut source: impl Read, mut pass_on: impl FnMut(String)) {
    let (mut chunk, mut line) = ([0_u8; 8 * 1024], Vec::with_capacity(256));
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        for &byte in &chunk[..read] {
            if byte != b'\n' {
                line.push(byte);
            }
            if byte == b'\n' || line.len() >= MAX_LINE {
                flush(&mut line, &mut pass_on);
            }
        }
    }
    flush(&mut line, &mut pass_on);
}

fn flush(line: &mut Vec<u8>, pass_on: &mut impl FnMut(String)) {
    let text = strip_ansi_escapes::strip_str(String::from_utf8_lossy(line));
    line.clear();
    let text = text.trim_end();
    if !text.is_empty() {
        pass_on(text.to_owned());
    }
}

/// The last lines of a tool's output.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<String>);

impl Tail {
    pub(super) fn push(&mut self, line: String) {
        if self.0.len() == TAIL {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    pub(super) fn text(&self) -> String {
        self.0
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        read_lines(bytes, |line| lines.push(line));
        lines
    }

    #[test]
    fn lines_come_without_colours_and_broken_utf8() {
        assert_eq!(
            lines(b"\x1b[31mred\x1b[0m\r\n\nlast\xff"),
            ["red", "last\u{fffd}"]
        );
    }

    #[test]
    fn what_has_no_line_break_is_cut() {
        let flood = vec![b'x'; MAX_LINE * 3 + 1];
        assert_eq!(
            lines(&flood).iter().map(String::len).collect::<Vec<_>>(),
            [MAX_LINE, MAX_LINE, MAX_LINE, 1]
        );
    }

    #[test]
    fn the_tail_is_the_last_twenty_lines() {
        let mut tail = Tail::default();
        (0..100).for_each(|number| tail.push(number.to_string()));
        assert!(tail.text().starts_with("80\n") && tail.text().ends_with("\n99"));
    }
}
