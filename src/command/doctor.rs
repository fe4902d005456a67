//! `doctor`

use super::{CommandError, catalog, open_store};
use crate::config::Config;

pub(super) async fn run(config: &Config) -> Result<(), CommandError> {
    println!("data directory  {}", config.data_dir.display());
    let store = open_store(config);
    match &store {
        Ok(_) => println!("database        {}: works", config.store.url),
        Err(error) => println!("database        {error}"),
    }
    if let Some(redis) = &config.redis {
        match redis.ping().await {
            Ok(()) => println!("redis           works"),
            Err(error) => println!("redis           is away: {error}"),
        }
    }
    println!("providers");
    let offers = catalog(config).await.offers();
    for offer in &offers {
        let default = if offer.is_default { " (default)" } else { "" };
        match offer.reason() {
            None => {
                let versions: Vec<_> = offer.versions().iter().map(ToString::to_string).collect();
                println!(
                    "  {:<9} works{default}: Kubernetes {}",
                    offer.name,
                    versions.join(", ")
                );
            }
            Some(reason) => println!("  {:<9} does not work: {reason}", offer.name),
        }
    }
    store?;
    if offers.iter().any(|offer| offer.reason().is_none()) {
        Ok(())
    } else {
        Err(CommandError::Failed("no provider works here".into()))
    }
}
