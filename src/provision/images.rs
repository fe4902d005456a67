//! Node images: which Kubernetes version each brings.

use std::str::FromStr;

use crate::domain::KubernetesVersion;

/// An image that makes nodes of one Kubernetes version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeImage {
    /// The version.
    pub version: KubernetesVersion,
    /// The image, as the container engine knows it.
    pub image: String,
}

impl FromStr for NodeImage {
    type Err = String;

    /// Reads `image:v1.37.0`, or `v1.37.0=image` where the tag does not say.
    fn from_str(text: &str) -> Result<Self, String> {
        let (version, image) = match text.split_once('=') {
            Some((version, image)) if !version.contains([':', '/', '@']) => (version, image),
            _ => {
                let named = text.split('@').next().unwrap_or_default();
                let tag = named.rsplit_once(':').map_or("", |(_, tag)| tag);
                (tag.split('-').next().unwrap_or_default(), text)
            }
        };
        match version.parse() {
            Ok(version) if !image.is_empty() && !image.starts_with('-') => Ok(Self {
                version,
                image: image.to_owned(),
            }),
            _ => Err(format!(
                "{text:?} names no Kubernetes version: write it as v1.37.0=image"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_in_the_tag_or_in_front() {
        for (text, version) in [
            ("kindest/node:v1.37.0@sha256:a1ed", "v1.37.0"),
            ("rancher/k3s:v1.33.4-k3s1", "v1.33.4"),
            ("v1.36.1=registry:5000/own/node:latest", "v1.36.1"),
        ] {
            let read: NodeImage = text.parse().unwrap();
            assert_eq!(read.version.to_string(), version);
            assert!(text.ends_with(&read.image));
        }
        for bad in [
            "",
            "kindest/node",
            "kindest/node:latest",
            "v1.37.0=",
            "v1.37.0=--help",
        ] {
            assert!(bad.parse::<NodeImage>().is_err(), "{bad:?}");
        }
    }
}
