//! How each kind of thing is shown in a table.

use serde::Serialize;

use super::{Output, Tone, printable, time};
use crate::client::model::{Addon, Cluster, ERROR, Event, Provider, RUNNING};

/// A thing that a list can show.
pub trait Record: Serialize {
    /// The head of the table.
    const COLUMNS: &'static [&'static str];

    /// What the thing is called.
    fn name(&self) -> &str;

    /// Its row of the table.
    fn row(&self, output: &Output) -> Vec<String>;
}

impl Record for Cluster {
    const COLUMNS: &'static [&'static str] =
        &["NAME", "STATUS", "PROVIDER", "VERSION", "AGE", "TIME LEFT"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self, output: &Output) -> Vec<String> {
        vec![
            printable(&self.name).into_owned(),
            self.painted_status(output),
            self.shown_provider(),
            self.kubernetes_version
                .as_deref()
                .map_or_else(|| "-".to_owned(), |text| printable(text).into_owned()),
            time::age(&self.created_at),
            time::remaining(self.expires_at.as_deref()),
        ]
    }
}

impl Cluster {
    /// The status in its colour.
    pub fn painted_status(&self, output: &Output) -> String {
        let tone = match self.status.as_str() {
            RUNNING => Tone::Good,
            ERROR => Tone::Bad,
            _ => Tone::Busy,
        };
        output.paint(tone, &printable(&self.status))
    }

    /// The provider, and that its pods do not really run where that is so.
    pub fn shown_provider(&self) -> String {
        let simulated = if self.simulated {
            " (simulated pods)"
        } else {
            ""
        };
        format!("{}{simulated}", printable(&self.provider))
    }
}

impl Record for Provider {
    const COLUMNS: &'static [&'static str] = &["NAME", "AVAILABLE", "PODS", "VERSIONS", "REMARK"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self, output: &Output) -> Vec<String> {
        let remark = match &self.reason {
            Some(reason) if !self.available => printable(reason).into_owned(),
            _ if self.default => "default".to_owned(),
            _ => String::new(),
        };
        let available = match self.available {
            true => output.paint(Tone::Good, "yes"),
            false => output.paint(Tone::Bad, "no"),
        };
        vec![
            printable(&self.name).into_owned(),
            available,
            if self.simulated { "simulated" } else { "real" }.to_owned(),
            match self.kubernetes_versions.as_slice() {
                [] => "-".to_owned(),
                versions => printable(&versions.join(", ")).into_owned(),
            },
            remark,
        ]
    }
}

impl Record for Addon {
    const COLUMNS: &'static [&'static str] = &["NAME", "WHAT"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self, _output: &Output) -> Vec<String> {
        [&self.name, &self.description]
            .map(|text| printable(text).into_owned())
            .to_vec()
    }
}

impl Record for Event {
    const COLUMNS: &'static [&'static str] = &["TIME", "EVENT", "WHAT"];

    fn name(&self) -> &str {
        &self.event
    }

    fn row(&self, output: &Output) -> Vec<String> {
        vec![
            time::clock(&self.timestamp),
            output.paint(Tone::Faint, &printable(&self.event)),
            self.told(),
        ]
    }
}

impl Event {
    /// What happened, in words.
    pub fn told(&self) -> String {
        let message = self
            .payload
            .message
            .as_deref()
            .unwrap_or_default()
            .trim_end();
        let status = self.payload.status.as_deref().unwrap_or_default();
        let text = match (self.is_log(), status, message) {
            (true, _, message) => message.to_owned(),
            (_, "", "") => self.event.clone(),
            (_, "", message) => message.to_owned(),
            (_, status, "") => status.to_owned(),
            (_, status, message) => format!("{status}: {message}"),
        };
        printable(&text).into_owned()
    }
}
