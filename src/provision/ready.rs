//! Whether a cluster's API server answers: `/readyz`, asked with the cluster's own credentials.

use std::{
    future::Future,
    path::Path,
    time::{Duration, Instant},
};

use kube::config::{KubeConfigOptions, Kubeconfig as Document};
use tokio_util::sync::CancellationToken;

use super::{Health, ProvisionError};

/// How long an API server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How often it is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long it may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Asks until it is ready, for two minutes at most.
pub(super) async fn wait<F: Future<Output = Health>>(
    cancel: &CancellationToken,
    ask: impl Fn() -> F,
) -> Result<(), ProvisionError> {
    let until = Instant::now() + READY_WITHIN;
    loop {
        match ask().await {
            Health::Ready => return Ok(()),
            Health::Down(why) if Instant::now() >= until => {
                return Err(ProvisionError::Broken(format!(
                    "the API server was not ready after {} s: {why}",
                    READY_WITHIN.as_secs(),
                )));
            }
            Health::Down(_) => {}
        }
        if cancel
            .run_until_cancelled(tokio::time::sleep(ASK_EVERY))
            .await
            .is_none()
        {
            return Err(ProvisionError::Cancelled);
        }
    }
}

/// Asks the API server that a file names.
pub(super) async fn ask_file(kubeconfig: &Path) -> Health {
    match Document::read_from(kubeconfig) {
        Ok(document) => ask(document).await,
        Err(error) => Health::Down(error.to_string()),
    }
}

/// Asks an API server as its kubeconfig says, with its certificate checked.
pub(super) async fn ask(kubeconfig: Document) -> Health {
    match tokio::time::timeout(ANSWER_WITHIN, readyz(kubeconfig)).await {
        Ok(Ok(())) => Health::Ready,
        Ok(Err(why)) => Health::Down(why),
        Err(_) => Health::Down(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
    }
}

async fn readyz(kubeconfig: Document) -> Result<(), String> {
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|error| error.to_string())?;
    let client = kube::Client::try_from(config).map_err(|error| error.to_string())?;
    let request = http::Request::get("/readyz")
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    match client.request_text(request).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
