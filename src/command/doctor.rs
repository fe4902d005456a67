//! `doctor`

use super::{CommandError, catalog, installation, open_store};
use crate::{config::Config, provision::Offer};

pub(super) async fn run(config: &Config) -> Result<(), CommandError> {
    println!("data directory  {}", config.data_dir.display());
    let store = open_store(config);
    let installation = match &store {
        Ok(store) => {
            println!("database        {}: works", config.store.url);
            installation(store).await?
        }
        Err(error) => {
            println!("database        {error}");
            String::new()
        }
    };
    if let Some(redis) = &config.redis {
        match redis.ping().await {
            Ok(()) => println!("redis           works"),
            Err(error) => println!("redis           is away: {error}"),
        }
    }
    let offers = catalog(config, &installation).await.offers();
    println!("\n{:<9} {:<6} WHAT", "PROVIDER", "WORKS");
    for offer in &offers {
        tell(offer);
    }
    store?;
    if offers.iter().any(|offer| offer.obstacle().is_none()) {
        Ok(())
    } else {
        Err(CommandError::Failed(
            "no provider works here: mend one of those above".into(),
        ))
    }
}

fn tell(offer: &Offer) {
    match offer.obstacle() {
        None => {
            let versions: Vec<_> = offer.versions().iter().map(ToString::to_string).collect();
            let default = if offer.is_default {
                ", the default"
            } else {
                ""
            };
            println!(
                "{:<9} {:<6} Kubernetes {}{default}",
                offer.name,
                "yes",
                versions.join(", ")
            );
        }
        Some(obstacle) => {
            println!("{:<9} {:<6} {}", offer.name, "no", obstacle.reason);
            if !obstacle.mend.is_empty() {
                println!("{:<16} mend: {}", "", obstacle.mend);
            }
        }
    }
}
