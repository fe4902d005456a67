//! The file that lets its owner into a cluster.

use kube::config::Kubeconfig as Document;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::ClusterName;

/// A self-contained kubeconfig, kept as the provider made it. It is a credential: never shown by `Debug`.
#[derive(Debug, Clone)]
pub struct Kubeconfig(SecretString);

/// Why a kubeconfig is unusable.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// It is no kubeconfig at all.
    #[error("the provider's kubeconfig can't be read: {0}")]
    Unreadable(String),
    /// It names files of the server's disk, which mean nothing elsewhere.
    #[error("the provider's kubeconfig names files instead of holding them")]
    NotSelfContained,
}

impl Kubeconfig {
    /// Reads what a provider made.
    ///
    /// # Errors
    /// [`KubeconfigError`] when it can't be read, or would only work on this machine.
    pub fn parse(yaml: impl Into<SecretString>) -> Result<Self, KubeconfigError> {
        let kubeconfig = Self(yaml.into());
        let document = kubeconfig.document()?;
        let clusters = document
            .clusters
            .iter()
            .filter_map(|named| named.cluster.as_ref());
        let users = document
            .auth_infos
            .iter()
            .filter_map(|named| named.auth_info.as_ref());
        let names_files = clusters
            .clone()
            .any(|cluster| cluster.certificate_authority.is_some())
            || users.clone().any(|user| {
                user.client_certificate.is_some()
                    || user.client_key.is_some()
                    || user.token_file.is_some()
            });
        if names_files {
            return Err(KubeconfigError::NotSelfContained);
        }
        if clusters.count() == 0 || users.count() == 0 {
            return Err(KubeconfigError::Unreadable(
                "it holds no cluster or no user".into(),
            ));
        }
        Ok(kubeconfig)
    }

    /// The text, to be encrypted.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Its content, for a client of the cluster's API.
    ///
    /// # Errors
    /// [`KubeconfigError::Unreadable`] for what is no kubeconfig.
    pub fn document(&self) -> Result<Document, KubeconfigError> {
        Document::from_yaml(self.0.expose_secret())
            .map_err(|error| KubeconfigError::Unreadable(error.to_string()))
    }

    /// The same cluster at another address.
    ///
    /// # Errors
    /// [`KubeconfigError::Unreadable`] when it can't be read or written.
    pub fn at(&self, server: &str) -> Result<Self, KubeconfigError> {
        let mut document = self.document()?;
        for named in &mut document.clusters {
            if let Some(cluster) = named.cluster.as_mut() {
                cluster.server = Some(server.to_owned());
            }
        }
        Self::parse(written(&document)?)
    }

    /// The text to hand out: the cluster, user and context carry the name that the owner gave,
    /// and `host`, where given, stands in its address.
    ///
    /// # Errors
    /// [`KubeconfigError::Unreadable`] when it can't be read or written.
    pub fn render(
        &self,
        name: &ClusterName,
        host: Option<&str>,
    ) -> Result<String, KubeconfigError> {
        let mut document = self.document()?;
        let context_name = format!("pyk8s-{name}");
        // A provider's file has one cluster, one user and one context.
        document.clusters.truncate(1);
        document.auth_infos.truncate(1);
        document.contexts.truncate(1);
        for cluster in &mut document.clusters {
            cluster.name.clone_from(&context_name);
            if let (Some(cluster), Some(host)) = (cluster.cluster.as_mut(), host) {
                cluster.server = cluster.server.as_deref().map(|at| with_host(at, host));
            }
        }
        for user in &mut document.auth_infos {
            user.name.clone_from(&context_name);
        }
        for context in &mut document.contexts {
            context.name.clone_from(&context_name);
            if let Some(context) = context.context.as_mut() {
                context.cluster.clone_from(&context_name);
                context.user = Some(context_name.clone());
            }
        }
        document.current_context = Some(context_name);
        // kubectl wants both, and not every provider writes them.
        document.api_version.get_or_insert_with(|| "v1".into());
        document.kind.get_or_insert_with(|| "Config".into());
        written(&document)
    }
}

/// The address with another host in it; one that is none stays as it is.
fn with_host(address: &str, host: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.to_owned();
    };
    match url.set_host(Some(host)) {
        Ok(()) => url.as_str().trim_end_matches('/').to_owned(),
        Err(_) => address.to_owned(),
    }
}

fn written(document: &Document) -> Result<String, KubeconfigError> {
    // Keys in one line each, as kubectl writes them.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options)
        .map_err(|error| KubeconfigError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: &str = "
apiVersion: v1
kind: Config
current-context: kwok-lab-0123456789ab
clusters:
- name: kwok-lab-0123456789ab
  cluster: {server: 'https://127.0.0.1:20000', certificate-authority-data: Y2E=}
users:
- name: kwok-lab-0123456789ab
  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
contexts:
- name: kwok-lab-0123456789ab
  context: {cluster: kwok-lab-0123456789ab, user: kwok-lab-0123456789ab}
";

    #[test]
    fn what_is_handed_out_carries_the_owners_name_and_the_same_credentials() {
        let kubeconfig = Kubeconfig::parse(MADE).unwrap();
        let text = kubeconfig.render(&"demo".parse().unwrap(), None).unwrap();
        let again = Kubeconfig::parse(text.clone()).unwrap().document().unwrap();
        assert_eq!(again.current_context.as_deref(), Some("pyk8s-demo"));
        assert_eq!(
            again.contexts[0].context.as_ref().unwrap().cluster,
            "pyk8s-demo"
        );
        assert_eq!(
            again.clusters[0]
                .cluster
                .as_ref()
                .unwrap()
                .server
                .as_deref(),
            Some("https://127.0.0.1:20000")
        );
        assert!(text.contains("a2V5"), "{text}");
        assert!(!text.contains("lab-0123"), "{text}");
    }

    #[test]
    fn another_address_can_stand_in_it() {
        let kubeconfig = Kubeconfig::parse(MADE).unwrap();
        let name = "demo".parse().unwrap();
        let text = kubeconfig.render(&name, Some("lab.example.org")).unwrap();
        // kind and k3d make the port known to the world as it is.
        assert!(text.contains("https://lab.example.org:20000"), "{text}");
        assert!(!text.contains("127.0.0.1"));
        let elsewhere = kubeconfig.at("https://203.0.113.7:443").unwrap();
        assert!(elsewhere.expose().contains("https://203.0.113.7:443"));
        assert!(!elsewhere.expose().contains("127.0.0.1"));
    }

    #[test]
    fn a_file_that_works_only_on_this_machine_is_refused() {
        let by_path = MADE.replace("client-key-data: a2V5", "client-key: /var/lib/key");
        assert!(matches!(
            Kubeconfig::parse(by_path),
            Err(KubeconfigError::NotSelfContained)
        ));
        assert!(Kubeconfig::parse("a: [").is_err());
        assert!(Kubeconfig::parse("").is_err());
    }

    #[test]
    fn debug_output_holds_no_credential() {
        assert!(!format!("{:?}", Kubeconfig::parse(MADE).unwrap()).contains("a2V5"));
    }
}
