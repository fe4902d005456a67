//! The contract itself, asked of the provider without a server.

use tokio_util::sync::CancellationToken;

use super::subject::{Subject, block_on, spec, unheard};
use pyk8s_lab::provision::{Availability, Health};

pub fn holds(subject: &dyn Subject) {
    let folder = tempfile::tempdir().unwrap();
    let provider = subject.provider(folder.path());
    block_on(async {
        let Availability::Available(versions) = provider.availability().await else {
            panic!("{:?}", provider.availability().await);
        };
        let spec = spec(provider.ports_needed(), &versions[0].to_string());
        let name = &spec.provider_ref;
        let progress = unheard();

        // Nothing is there: that is no failure, however often.
        assert_eq!(provider.list_owned().await.unwrap(), []);
        for _ in 0..2 {
            provider.destroy(name, &progress).await.unwrap();
        }
        assert_ne!(provider.health(&spec).await, Health::Ready);
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        assert!(provider.repair(&spec, &progress, &cancelled).await.is_err());

        // Somebody else has the name: theirs is neither taken over, nor listed, nor removed.
        let is_there = subject.foreigner(name);
        if subject.foreigner_is_in_the_way() {
            let refused = provider
                .ensure(&spec, &progress, &CancellationToken::new())
                .await
                .unwrap_err();
            assert!(
                refused.to_string().contains("is not this lab's"),
                "{refused}"
            );
        }
        provider.destroy(name, &progress).await.unwrap();
        assert_eq!(provider.list_owned().await.unwrap(), []);
        assert!(is_there(), "what is another's was touched");
    });
}
