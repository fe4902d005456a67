//! `pyk8s auth login` and `pyk8s auth register`.

use super::SavedLogin;
use crate::arguments::{Credentials, Global};
use crate::client::{Client, Login};
use crate::config::{Config, Context};
use crate::error::{Error, Result};
use crate::output::{Output, in_seconds};
use crate::{prompt, session};

/// Whose account is logged in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    Existing,
    New,
}

pub fn run(
    credentials: &Credentials,
    account: Account,
    global: &Global,
    output: &Output,
) -> Result {
    // Read first: a broken file should not cost the user a password typed in vain.
    let mut config = Config::load()?;
    let url = url(&config, global)?;
    if url.starts_with("http://") && !session::is_this_machine(&url) {
        output.warn(&format!(
            "{url} is not encrypted: the password can be read on its way"
        ));
    }
    let name = match session::given(global.context.as_ref()) {
        Some(name) => name.to_owned(),
        None => config.name_for_url(&url),
    };
    let email = email(credentials, config.contexts.get(&name))?;
    let password = match credentials.password_stdin {
        true => prompt::piped_password()?,
        false => typed_password(account)?,
    };
    let client = Client::new(&url, Login::none(), global, output);
    if account == Account::New {
        client.register(&email, &password)?;
    }
    let token = client.log_in(&email, &password)?;
    let context = Context {
        url: url.clone(),
        email: Some(token.user.email.clone()),
        token: Some(token.access_token),
        expires_at: Some(in_seconds(token.expires_in)),
    };
    config.contexts.insert(name.clone(), context.clone());
    config.current_context = Some(name.clone());
    config.save()?;
    let saved = SavedLogin::new(&name, &context, &config);
    output.outcome(
        &saved,
        &format!(
            "logged in to {url} as {} (context {name})",
            token.user.email
        ),
    )
}

/// The address: given, or of the context in use, or asked for.
fn url(config: &Config, global: &Global) -> Result<String> {
    if let Some(url) = session::given_url(global)? {
        return Ok(url);
    }
    let named = session::given(global.context.as_ref());
    let known = match named {
        Some(name) => config.contexts.get(name),
        None => config.current().map(|(_, context)| context),
    };
    match known {
        Some(context) => Ok(context.url.clone()),
        None if prompt::possible() => session::normal_url(&prompt::line(
            "Address of the lab",
            Some(session::DEFAULT_URL),
        )?),
        None => Ok(session::DEFAULT_URL.to_owned()),
    }
}

fn email(credentials: &Credentials, known: Option<&Context>) -> Result<String> {
    if let Some(email) = &credentials.email {
        return Ok(email.clone());
    }
    // With the password on standard input there is nobody to answer there.
    if credentials.password_stdin || !prompt::possible() {
        return Err(Error::Usage(
            "--email is missing, and there is no terminal to ask at".to_owned(),
        ));
    }
    match prompt::line("Email", known.and_then(|context| context.email.as_deref()))? {
        empty if empty.is_empty() => Err(Error::Usage("no email was given".to_owned())),
        email => Ok(email),
    }
}

fn typed_password(account: Account) -> Result<String> {
    if !prompt::possible() {
        return Err(Error::Usage(
            "there is no terminal to ask for the password at: pipe it in with --password-stdin"
                .to_owned(),
        ));
    }
    let password = prompt::password("Password")?;
    if password.is_empty() {
        return Err(Error::Usage("no password was given".to_owned()));
    }
    if account == Account::New && prompt::password("Password again")? != password {
        return Err(Error::Usage(
            "the two passwords differ: nothing was done".to_owned(),
        ));
    }
    Ok(password)
}
