//! How somebody shows who they are: an access token, a personal token, or a browser's session.

use std::time::Duration;

use aes_gcm::aead::{Generate, Key};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Accounts, Bearer, ServiceError};
use crate::{
    domain::{Invalid, TokenName, User},
    store::{NewToken, SessionRecord, TokenRecord},
};

/// How a personal token begins, so that people and scanners of secrets know one when they see it.
const PERSONAL: &str = "pyk8s_pat_";
/// The longest life of a personal token, in days.
pub const MAX_TOKEN_DAYS: i64 = 365;
/// How long a session lasts when nothing is done in it.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// How much of a browser's own words is kept.
const MAX_AGENT: usize = 200;

/// What somebody showed: it is asked again while a live connection lasts.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A signed token.
    Access(Bearer),
    /// A personal token, by its digest.
    Personal(String, DateTime<Utc>),
    /// A browser's session, by its digest.
    Session(String),
}

impl Proof {
    /// When it ends by itself.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Access(bearer) => Some(bearer.expires_at),
            Self::Personal(_, expires_at) => Some(*expires_at),
            Self::Session(_) => None,
        }
    }
}

fn secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Key::<aes_gcm::Aes256Gcm>::generate())
}

/// Secrets of 256 random bits need no slow hash.
fn digest(secret: &str) -> String {
    Sha256::digest(secret.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Accounts {
    /// The user that a token belongs to, access or personal, and the proof that it is.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] for a token that is not, or no longer, valid.
    pub async fn bearer(&self, token: &str) -> Result<(User, Proof), ServiceError> {
        if token.starts_with(PERSONAL) {
            let digest = digest(token);
            let found = self.store.user_of_token(digest.clone()).await?;
            let (user, expires_at) = found.ok_or(ServiceError::Unauthenticated(
                "the personal token is not valid, or has ended",
            ))?;
            return Ok((open(user)?, Proof::Personal(digest, expires_at)));
        }
        let bearer = self.tokens.read(token)?;
        let user = self.current(bearer.user, bearer.generation).await?;
        Ok((user, Proof::Access(bearer)))
    }

    /// Begins a session; its secret, for the cookie.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn begin_session(
        &self,
        user: &User,
        agent: &str,
        address: &str,
    ) -> Result<String, ServiceError> {
        let secret = secret();
        let agent = agent.chars().take(MAX_AGENT).collect();
        self.store
            .begin_session(
                user.id,
                digest(&secret),
                agent,
                address.to_owned(),
                SESSION_LIFE,
            )
            .await?;
        Ok(secret)
    }

    /// Whose session it is, and the proof that it is.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] when it has ended.
    pub async fn session(&self, secret: &str) -> Result<(User, Proof), ServiceError> {
        let proof = Proof::Session(digest(secret));
        Ok((self.still(&proof).await?, proof))
    }

    /// The user, if what they showed still holds.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] when it does not.
    pub async fn still(&self, proof: &Proof) -> Result<User, ServiceError> {
        let ended = ServiceError::Unauthenticated("it has ended");
        match proof {
            Proof::Access(bearer) => self.current(bearer.user, bearer.generation).await,
            Proof::Personal(digest, _) => {
                let found = self.store.user_of_token(digest.clone()).await?;
                open(found.ok_or(ended)?.0)
            }
            Proof::Session(id) => {
                let found = self.store.user_of_session(id.clone(), SESSION_LIFE).await?;
                open(found.ok_or(ended)?)
            }
        }
    }

    /// Ends the session with this secret.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn end_session(&self, user: &User, secret: &str) -> Result<(), ServiceError> {
        Ok(self.store.end_session(user.id, digest(secret)).await?)
    }

    /// A user's sessions, and which of them is the one with this secret.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn sessions(
        &self,
        user: &User,
        secret: &str,
    ) -> Result<Vec<(SessionRecord, bool)>, ServiceError> {
        let this = digest(secret);
        let sessions = self.store.sessions_of(user.id).await?;
        Ok(sessions
            .into_iter()
            .map(|session| {
                let current = session.id == this;
                (session, current)
            })
            .collect())
    }

    /// Ends another session of a user, by its id.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn sign_out(&self, user: &User, id: &str) -> Result<(), ServiceError> {
        Ok(self.store.end_session(user.id, id.to_owned()).await?)
    }

    /// Makes a personal token: this is the only time that it is told.
    ///
    /// # Errors
    /// A name or a life that is not acceptable.
    pub async fn make_token(
        &self,
        user: &User,
        name: &str,
        days: i64,
    ) -> Result<String, ServiceError> {
        let mut invalid = Vec::new();
        if !(1..=MAX_TOKEN_DAYS).contains(&days) {
            invalid.push(Invalid::new(
                "days",
                format!("must be 1 to {MAX_TOKEN_DAYS}"),
            ));
        }
        let name = match name.parse::<TokenName>() {
            Ok(name) if invalid.is_empty() => name,
            name => {
                invalid.extend(name.err());
                return Err(ServiceError::Invalid(invalid));
            }
        };
        let token = format!("{PERSONAL}{}", secret());
        self.store
            .add_token(NewToken {
                id: Uuid::new_v4().to_string(),
                owner: user.id,
                name,
                digest: digest(&token),
                days,
            })
            .await?;
        Ok(token)
    }

    /// A user's personal tokens, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn personal_tokens(&self, user: &User) -> Result<Vec<TokenRecord>, ServiceError> {
        Ok(self.store.tokens_of(user.id).await?)
    }

    /// Ends a personal token of a user.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn revoke_token(&self, user: &User, id: &str) -> Result<(), ServiceError> {
        Ok(self.store.revoke_token(user.id, id.to_owned()).await?)
    }
}

fn open(user: User) -> Result<User, ServiceError> {
    if user.disabled {
        return Err(ServiceError::Unauthenticated(
            "this account is closed by an administrator",
        ));
    }
    Ok(user)
}
