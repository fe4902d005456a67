//! kwokctl logs JSON where it sees no terminal: turned into words for people.

use serde_json::Value;

/// The line as people read it; what is not kwokctl's log stays as it is.
pub(super) fn in_plain_words(line: String) -> String {
    let Ok(Value::Object(entry)) = serde_json::from_str(&line) else {
        return line;
    };
    let Some(message) = entry.get("msg").and_then(Value::as_str) else {
        return line;
    };
    let mut words = match entry.get("level").and_then(Value::as_str) {
        Some("INFO") | None => message.to_owned(),
        Some(level) => format!("{level}: {message}"),
    };
    for (name, value) in &entry {
        match (name.as_str(), value) {
            ("msg" | "level" | "time" | "source" | "cluster", _) => {}
            ("elapsed", value) => {
                if let Some(took) = value.get("human").and_then(Value::as_str) {
                    words.push_str(&format!(" ({took})"));
                }
            }
            (name, Value::String(text)) => words.push_str(&format!(" {name}={text}")),
            (name, other) => words.push_str(&format!(" {name}={other}")),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_entry_becomes_a_sentence() {
        let entry = r#"{"time":"2026-11-24T04:54:52Z","level":"INFO","source":{"file":"x.go"},"msg":"Cluster is created","cluster":"lab-1","elapsed":{"nanosecond":1,"human":"756ms"}}"#;
        assert_eq!(
            in_plain_words(entry.to_owned()),
            "Cluster is created (756ms)"
        );
        let failure = r#"{"level":"ERROR","msg":"Failed","err":"no such file"}"#;
        assert_eq!(
            in_plain_words(failure.to_owned()),
            "ERROR: Failed err=no such file"
        );
    }

    #[test]
    fn other_output_stays_as_it_is() {
        for line in ["panic: x", "{not json", "[1]", "{}"] {
            assert_eq!(in_plain_words(line.to_owned()), line);
        }
    }
}
