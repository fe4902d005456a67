//! A person who uses the lab.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::Invalid;

/// Identifies a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Uuid);

impl UserId {
    /// A fresh one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UserId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}

/// An e-mail address, in lower case: one person has one account however they type it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let s = s.trim();
        // RFC 5321, section 4.5.3.1.3: a path has at most 256 octets, its brackets included.
        if s.len() > 254 || garde::rules::email::parse_email(s).is_err() {
            return Err(Invalid::new(
                "email",
                "must be an e-mail address, like ada@example.org",
            ));
        }
        Ok(Self(s.to_lowercase()))
    }
}

/// A new password that is good enough; it is never shown or logged.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// The fewest characters (OWASP ASVS 5.0, 6.2.1).
    pub const MIN_CHARS: usize = 8;
    /// The most characters (OWASP ASVS 5.0, 6.2.9 wants at least 64).
    pub const MAX_CHARS: usize = 128;

    /// The password itself, to be hashed.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for Password {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if !(Self::MIN_CHARS..=Self::MAX_CHARS).contains(&s.chars().count()) {
            return Err(Invalid::new(
                "password",
                format!(
                    "must be {} to {} characters long",
                    Self::MIN_CHARS,
                    Self::MAX_CHARS
                ),
            ));
        }
        Ok(Self(s.into()))
    }
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Have clusters.
    Member,
    /// Look after the lab, too.
    Administrator,
}

impl Role {
    /// The role's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Administrator => "administrator",
        }
    }
}

impl FromStr for Role {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Member, Self::Administrator]
            .into_iter()
            .find(|role| role.as_str() == s)
            .ok_or_else(|| Invalid::new("role", format!("unknown role {s:?}")))
    }
}

/// What somebody calls a personal access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// The most characters.
    pub const MAX_CHARS: usize = 50;

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let name = s.trim();
        if name.is_empty()
            || name.chars().count() > Self::MAX_CHARS
            || name.chars().any(char::is_control)
        {
            return Err(Invalid::new(
                "name",
                format!("must be 1 to {} characters long", Self::MAX_CHARS),
            ));
        }
        Ok(Self(name.to_owned()))
    }
}

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// Their identity.
    pub id: UserId,
    /// Their address, unique.
    pub email: Email,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// Counts password changes: tokens and sessions of an older generation are void.
    pub generation: i32,
    /// When they registered.
    pub created_at: DateTime<Utc>,
    /// What they may do.
    pub role: Role,
    /// Whether an administrator has closed their account.
    pub disabled: bool,
}

impl User {
    /// Whether they look after the lab.
    pub fn is_administrator(&self) -> bool {
        self.role == Role::Administrator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_lower_case() {
        assert_eq!(
            " Ada@Example.ORG ".parse::<Email>().unwrap().as_str(),
            "ada@example.org"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "ada@exa mple.org",
            &long,
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_have_a_length_and_stay_out_of_debug_output() {
        assert!("1234567".parse::<Password>().is_err());
        assert!("x".repeat(129).parse::<Password>().is_err());
        let password = "correct horse".parse::<Password>().unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }
}
