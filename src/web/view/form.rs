//! A form as it was sent, with what is wrong about it.

use crate::web::Problem;

/// A form's values and problems; the default is an empty form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    values: Vec<(&'static str, String)>,
    wrong: Vec<(String, String)>,
    /// What is wrong about the whole.
    pub summary: Option<String>,
}

impl Form {
    /// The form with the values that were sent.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// Whether a box under `name` was ticked.
    pub fn is_ticked(&self, name: &str, value: &str) -> bool {
        self.values
            .iter()
            .any(|(known, sent)| *known == name && sent == value)
    }

    /// The form with what is wrong about it.
    #[must_use]
    pub fn refused(mut self, problem: &Problem) -> Self {
        self.wrong = problem
            .errors
            .iter()
            .map(|wrong| (wrong.field.clone(), wrong.message.clone()))
            .collect();
        if self.wrong.is_empty() {
            self.summary = Some(problem.detail.clone());
        }
        self
    }

    /// What was sent for a field.
    pub fn value(&self, name: &str) -> &str {
        self.value_or(name, "")
    }

    /// What was sent for a field, or `other`.
    pub fn value_or<'a>(&'a self, name: &str, other: &'a str) -> &'a str {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(other, |(_, value)| value)
    }

    /// What is wrong with a field.
    pub fn wrong(&self, name: &str) -> Option<&str> {
        self.wrong
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, message)| message.as_str())
    }
}
