//! Reading server-sent events off a response, as the HTML standard defines them.

use std::io::{self, BufRead, Read};

/// A line of the lab is far shorter; what is longer is not its stream.
const LINE_LIMIT: u64 = 1024 * 1024;

/// One message of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// An event's data.
    Data(String),
    /// A comment: the server only shows that it is there.
    KeepAlive,
}

/// Reads messages until the stream ends.
#[derive(Debug)]
pub struct Reader<R> {
    lines: R,
}

impl<R: BufRead> Reader<R> {
    /// Reads from the start of a stream.
    pub fn new(lines: R) -> Self {
        Self { lines }
    }

    /// The next message; `None` at the end. An event that the end cuts off is dropped: it comes again
    /// when the stream is opened anew after the last complete one.
    pub fn next(&mut self) -> io::Result<Option<Message>> {
        let mut data: Option<String> = None;
        while let Some(line) = self.line()? {
            if line.is_empty() {
                if let Some(data) = data.take() {
                    return Ok(Some(Message::Data(data)));
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if data.is_none() => return Ok(Some(Message::KeepAlive)),
                // `id` and `event` are in the data, too.
                "data" => match &mut data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => data = Some(value.to_owned()),
                },
                _ => {}
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let read = (&mut self.lines)
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        if bytes.pop_if(|byte| *byte == b'\n').is_none() {
            return match u64::try_from(read) {
                Ok(LINE_LIMIT..) => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "an endless line",
                )),
                _ => Ok(None),
            };
        }
        bytes.pop_if(|byte| *byte == b'\r');
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<Message> {
        let mut reader = Reader::new(text.as_bytes());
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    fn data(text: &str) -> Message {
        Message::Data(text.to_owned())
    }

    #[test]
    fn events_and_keep_alives_come_in_their_order() {
        let text = ": hello\n\nid: 1\nevent: cluster.log\ndata: {\"a\":1}\n\n:\n\ndata:b\r\n\r\n";
        assert_eq!(
            messages(text),
            [
                Message::KeepAlive,
                data("{\"a\":1}"),
                Message::KeepAlive,
                data("b")
            ]
        );
    }

    #[test]
    fn lines_of_data_are_joined_and_a_comment_between_them_is_none() {
        assert_eq!(messages("data: a\n: x\ndata: b\n\n"), [data("a\nb")]);
    }

    #[test]
    fn what_the_end_cuts_off_is_dropped() {
        assert_eq!(messages("data: a\n\ndata: b\n"), [data("a")]);
        assert_eq!(messages("data: a\n\ndata: b"), [data("a")]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let text = "x".repeat(2 * 1024 * 1024);
        assert!(Reader::new(text.as_bytes()).next().is_err());
    }
}
