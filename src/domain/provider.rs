//! Which engine makes a cluster, and what that engine calls it.

use std::{fmt, str::FromStr};

use super::{ClusterId, Invalid};

/// The engines that the lab knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderName {
    /// Nodes as containers, by `kind`.
    Kind,
    /// k3s in containers, by `k3d`.
    K3d,
    /// A virtual cluster inside a host Kubernetes, by `helm`.
    Vcluster,
    /// A real control plane with simulated nodes, by `kwokctl`.
    Kwok,
}

impl ProviderName {
    /// All of them, in the order in which a default is looked for.
    pub const ALL: [Self; 4] = [Self::Kind, Self::K3d, Self::Vcluster, Self::Kwok];

    /// The word used in the database, the API and the pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::K3d => "k3d",
            Self::Vcluster => "vcluster",
            Self::Kwok => "kwok",
        }
    }

    /// Whether its nodes are containers of the server's host.
    pub fn makes_containers(self) -> bool {
        matches!(self, Self::Kind | Self::K3d)
    }

    /// Whether it can make nodes of a certain size.
    pub fn sizes_nodes(self) -> bool {
        self != Self::Kind
    }

    /// Whether pods only seem to run: always said wherever such a cluster is shown.
    pub fn is_simulated(self) -> bool {
        self == Self::Kwok
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ProviderName {
    type Err = Invalid;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == s)
            .ok_or_else(|| Invalid::new("provider", "must be one of kind, k3d, vcluster and kwok"))
    }
}

/// A provider's name for a cluster, `lab-<short id>`: never the user's text, and the same after a restart,
/// so that whatever was made before a crash is found again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderRef(String);

impl ProviderRef {
    const PREFIX: &'static str = "lab-";

    /// The name for a cluster.
    pub fn of(id: ClusterId) -> Self {
        let hex = id.as_uuid().simple().to_string();
        Self(format!("{}{}", Self::PREFIX, &hex[..12]))
    }

    /// Reads a name from a provider's listing; `None` for what is not the lab's.
    pub fn recognise(name: &str) -> Option<Self> {
        let id = name.strip_prefix(Self::PREFIX)?;
        (id.len() == 12 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
            .then(|| Self(name.into()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_recognised_in_a_listing_and_foreign_names_are_not() {
        let made = ProviderRef::of(ClusterId::random());
        assert_eq!(ProviderRef::recognise(made.as_str()), Some(made));
        for foreign in [
            "kind",
            "lab-",
            "lab-short",
            "lab-0123456789ZZ",
            "my-lab-0123456789ab",
            "lab-../../etc/p",
        ] {
            assert_eq!(ProviderRef::recognise(foreign), None, "{foreign}");
        }
    }
}
