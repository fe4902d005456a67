//! A cluster as the lab knows it.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ClusterStatus, Invalid, ProviderName, ProviderRef, Ttl, UserId};

/// Identifies a cluster for as long as its row exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(Uuid);

impl ClusterId {
    /// A fresh one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The UUID behind it.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }

    /// The bytes of the UUID behind it.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ClusterId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}

/// What its owner calls a cluster: a DNS label of 3 to 50 characters (RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClusterName(String);

impl ClusterName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClusterName {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let invalid = |message| Err(Invalid::new("name", message));
        if !(3..=50).contains(&s.chars().count()) {
            return invalid("must be 3 to 50 characters long");
        }
        if !s
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        {
            return invalid("may hold only lower-case letters, digits and hyphens");
        }
        if s.starts_with('-') || s.ends_with('-') {
            return invalid("must begin and end with a letter or a digit");
        }
        Ok(Self(s.to_owned()))
    }
}

/// How many nodes a cluster has: as many as `kubectl get nodes` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeCount(u16);

impl NodeCount {
    /// The most that may be asked for.
    pub const MAX: u16 = 10;

    /// Reads a wished number.
    ///
    /// # Errors
    /// [`Invalid`] outside 1 to [`NodeCount::MAX`].
    pub fn new(count: i64) -> Result<Self, Invalid> {
        match u16::try_from(count) {
            Ok(count) if (1..=Self::MAX).contains(&count) => Ok(Self(count)),
            _ => Err(Invalid::new(
                "nodes",
                format!("must be between 1 and {}", Self::MAX),
            )),
        }
    }

    /// A number as the database has kept it.
    pub fn from_stored(count: i32) -> Self {
        Self(u16::try_from(count).unwrap_or(1))
    }

    /// The number itself.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// How large a cluster's nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum NodeSize {
    /// 2 CPUs, 4 GiB.
    Small,
    /// 4 CPUs, 16 GiB.
    #[default]
    Medium,
    /// 16 CPUs, 64 GiB.
    Large,
}

impl NodeSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The word used in the database, the API and the pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// CPUs of a node.
    pub fn cpus(self) -> u32 {
        match self {
            Self::Small => 2,
            Self::Medium => 4,
            Self::Large => 16,
        }
    }

    /// Memory of a node, in GiB.
    pub fn gibibytes(self) -> u32 {
        match self {
            Self::Small => 4,
            Self::Medium => 16,
            Self::Large => 64,
        }
    }
}

impl fmt::Display for NodeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NodeSize {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|size| size.as_str() == s)
            .ok_or_else(|| Invalid::new("node_size", "must be one of small, medium and large"))
    }
}

/// What an add-on is called, by its list in the settings: a DNS label (RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddonName(String);

impl AddonName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AddonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AddonName {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let is_label = (1..=50).contains(&s.len())
            && s.bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !s.starts_with('-')
            && !s.ends_with('-');
        if is_label {
            Ok(Self(s.to_owned()))
        } else {
            Err(Invalid::new(
                "addons",
                "are named by lower-case letters, digits and hyphens",
            ))
        }
    }
}

/// A Kubernetes version, `v1.37.2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KubernetesVersion {
    parts: (u32, u32, u32),
}

impl KubernetesVersion {
    /// Whether it is of this minor version or a later one.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        (self.parts.0, self.parts.1) >= (major, minor)
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.parts;
        write!(f, "v{major}.{minor}.{patch}")
    }
}

impl FromStr for KubernetesVersion {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let invalid = || Invalid::new("kubernetes_version", "must look like v1.37.2");
        let mut numbers = s.strip_prefix('v').unwrap_or(s).split('.').map(|part| {
            if part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            part.parse::<u32>().ok()
        });
        let mut next = || numbers.next().flatten().ok_or_else(invalid);
        let parts = (next()?, next()?, next()?);
        if numbers.next().is_some() {
            return Err(invalid());
        }
        Ok(Self { parts })
    }
}

/// A cluster: what was asked for, and how far it has come.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its identity.
    pub id: ClusterId,
    /// Who asked for it.
    pub owner: UserId,
    /// What its owner calls it.
    pub name: ClusterName,
    /// The engine that makes it.
    pub provider: ProviderName,
    /// What that engine calls it.
    pub provider_ref: ProviderRef,
    /// The host it lives on; `None` where any replica may reconcile it.
    pub host: Option<String>,
    /// The Kubernetes version asked for.
    pub kubernetes_version: KubernetesVersion,
    /// How many nodes.
    pub nodes: NodeCount,
    /// How large each is.
    pub node_size: NodeSize,
    /// What is installed into it when it is up.
    pub addons: Vec<AddonName>,
    /// Where it is in its life.
    pub status: ClusterStatus,
    /// What is being done to it right now, in words for its owner.
    pub step: Option<String>,
    /// Its whole life, extensions included.
    pub ttl: Ttl,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was first RUNNING.
    pub ready_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was gone.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Why it is in `ERROR`, in the provider's own words.
    pub error_message: Option<String>,
    /// The ports reserved for it on its host.
    pub ports: Vec<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels_of_3_to_50_characters() {
        for good in ["abc", "a-b", "0ab", &"a".repeat(50)] {
            assert_eq!(good.parse::<ClusterName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "ab",
            &"a".repeat(51),
            "Abc",
            "a_b",
            "-ab",
            "ab-",
            "a b",
            "a.b",
            "äbc",
            "abc\n",
            "<b>x</b>",
        ] {
            assert_eq!(
                bad.parse::<ClusterName>().unwrap_err().field,
                "name",
                "{bad:?}"
            );
        }
    }

    #[test]
    fn versions_are_read_with_or_without_v_and_compared_as_numbers() {
        let v = |s: &str| s.parse::<KubernetesVersion>().unwrap();
        assert_eq!(v("1.37.2").to_string(), "v1.37.2");
        assert!(v("v1.10.0") > v("v1.9.9"));
        for bad in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.x",
            "1.2.-3",
            "../..",
            "1.2.99999",
            "1.2.+3",
        ] {
            assert!(bad.parse::<KubernetesVersion>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn node_counts_have_bounds() {
        assert!(NodeCount::new(0).is_err());
        assert!(NodeCount::new(11).is_err());
        assert_eq!(NodeCount::new(10).unwrap().get(), 10);
    }
}
