//! Times as people read them.

use chrono::{DateTime, Local, SecondsFormat, TimeDelta, Utc};

fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
}

/// How long ago a time was, such as `4m`; `-` where there is none.
pub fn age(time: &str) -> String {
    parse(time).map_or_else(|| "-".to_owned(), |time| short(Utc::now() - time))
}

/// How long it is until a time, such as `59m`, and `0s` when it is over.
pub fn remaining(time: Option<&str>) -> String {
    time.and_then(parse)
        .map_or_else(|| "-".to_owned(), |time| short(time - Utc::now()))
}

/// The local time of day in a time stamp.
pub fn clock(time: &str) -> String {
    parse(time).map_or_else(String::new, |time| {
        time.with_timezone(&Local).format("%H:%M:%S").to_string()
    })
}

/// The time in some seconds from now, as a time stamp.
pub fn in_seconds(seconds: i64) -> String {
    let time = TimeDelta::try_seconds(seconds).and_then(|span| Utc::now().checked_add_signed(span));
    time.unwrap_or_else(Utc::now)
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Two units at most, and one where the second says little.
fn short(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if hours < 2 => format!("{minutes}m"),
        () if days < 2 && minutes % 60 == 0 => format!("{hours}h"),
        () if days < 2 => format!("{hours}h{}m", minutes % 60),
        () => format!("{days}d{}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let cases = [
            (-5, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (3600, "60m"),
            (7200, "2h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(short(TimeDelta::seconds(seconds)), text);
        }
        assert_eq!(short(TimeDelta::minutes(150)), "2h30m");
        assert_eq!(short(TimeDelta::hours(71)), "2d23h");
    }

    #[test]
    fn what_is_no_time_is_a_dash() {
        assert_eq!(age("soon"), "-");
        assert_eq!(remaining(None), "-");
        assert_eq!(remaining(Some("2020-01-01T00:00:00Z")), "0s");
    }
}
