//! `serve`: wires the house, and takes it down in order.

use std::{net::TcpListener, sync::Arc, time::Duration};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{CommandError, addons, catalog, installation, open_store};
use crate::{
    bus::{Bus, MemoryBus, RedisBus},
    config::Config,
    metrics::Metrics,
    reconcile::{Instance, Reconciler},
    service::{Accounts, Administration, Clusters, Journal, Passwords, ServiceError, Tokens},
    web::{self, State, Throttle},
};

/// How long live connections have to say goodbye.
const FAREWELL: Duration = Duration::from_millis(300);

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// [`CommandError`] when the lab can't come up.
pub async fn run(config: Config) -> Result<(), CommandError> {
    // The address first: two servers by mistake are told apart before either touches anything.
    let listener = TcpListener::bind(config.listen_addr).map_err(|source| {
        CommandError::io(format!("listening on {}", config.listen_addr), source)
    })?;
    let address = listener
        .local_addr()
        .map_err(|source| CommandError::io("asking for the address", source))?;
    allow_many_connections();
    let store = open_store(&config)?;
    let metrics = Metrics::new().map_err(ServiceError::internal)?;
    let stop = CancellationToken::new();
    let bus: Arc<dyn Bus> = match &config.redis {
        Some(url) => Arc::new(RedisBus::begin(url, Arc::new(store.clone()), stop.clone()).await?),
        None => Arc::new(MemoryBus::default()),
    };
    let journal = Journal::new(store.clone(), bus.clone());
    let catalog = catalog(&config, &installation(&store).await?).await;
    let addons = addons(&config)?;

    let accounts = Accounts::new(
        store.clone(),
        Passwords::new()?,
        Tokens::new(&config.secret_key),
        config.registration_open,
    );
    let clusters = Clusters::new(
        journal.clone(),
        (catalog.clone(), addons.clone()),
        config.cipher.clone(),
        config.limits,
        &config.host,
        config.public_host().as_deref(),
    );
    clusters.renew_encryption().await?;
    let instance =
        Instance::begin(&config.data_dir.join("instances"), &config.host).map_err(|source| {
            CommandError::io("beginning an instance in the data directory", source)
        })?;
    let administration = Administration::new(journal.clone());
    let reconciler = Reconciler::new(
        journal,
        (catalog, addons),
        config.cipher.clone(),
        metrics.clone(),
        &config.host,
        instance,
        config.provision_concurrency,
    );
    let state = State {
        accounts,
        administration,
        clusters,
        store,
        bus,
        metrics,
        throttle: Throttle::new(config.auth_attempts, config.redis.as_ref())?,
        public_url: config.public_url.clone(),
        stop: stop.clone(),
    };
    let server = web::serve(listener, state, &config.secret_key)
        .map_err(|source| CommandError::io("starting the server", source))?;
    let handle = server.handle();
    let reconciling = tokio::spawn(reconciler.run(stop.clone()));
    let serving = tokio::spawn(server);

    let shown = config.public_url.as_ref().map_or_else(
        || format!("http://{address}/"),
        |public| format!("{public} (listening on {address})"),
    );
    tracing::info!(%address, version = super::VERSION, database = %config.store.url, "the lab is open");
    println!("PyK8s-Lab is open at {shown}");

    wait_for_the_end().await?;
    tracing::info!("stopping: clusters stay as they are, the next start goes on with them");
    stop.cancel();
    tokio::time::sleep(FAREWELL).await;
    let (_, reconciled, served) = tokio::join!(handle.stop(true), reconciling, serving);
    reconciled.map_err(ServiceError::internal)?;
    served
        .map_err(ServiceError::internal)?
        .map_err(|source| CommandError::io("serving", source))?;
    tracing::info!("stopped");
    Ok(())
}

/// Takes as many open files as the system lets it: shells give 1024, and each live connection is one.
fn allow_many_connections() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

async fn wait_for_the_end() -> Result<(), CommandError> {
    let failed = |source| CommandError::io("listening for signals", source);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
