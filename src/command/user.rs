//! `user`

use std::io::Read;

use clap::Subcommand as ClapSubcommand;

use super::{CommandError, open_store};
use crate::{
    config::Config,
    service::{Accounts, Passwords, Tokens},
};

/// What can be done to accounts.
#[derive(ClapSubcommand)]
pub(super) enum Command {
    /// Make an account, also when registration is closed; the password is read from standard input
    Create {
        /// Its e-mail address
        email: String,
    },
    /// Set an account's password, read from standard input; its sessions and tokens end
    SetPassword {
        /// Its e-mail address
        email: String,
    },
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> Result<(), CommandError> {
        let accounts = Accounts::new(
            open_store(config)?,
            Passwords::new()?,
            Tokens::new(&config.secret_key),
            false,
        );
        let password = password()?;
        match self {
            Self::Create { email } => {
                let user = accounts.create(&email, &password).await?;
                println!("Made the account {}.", user.email);
            }
            Self::SetPassword { email } => {
                let user = accounts.set_password(&email, &password).await?;
                println!(
                    "Set the password of {}: its sessions and tokens have ended.",
                    user.email
                );
            }
        }
        Ok(())
    }
}

/// The first line of standard input.
fn password() -> Result<String, CommandError> {
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        eprintln!("Type the password, then Enter and Ctrl-D (it is shown as you type):");
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|source| CommandError::io("reading the password from standard input", source))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
