//! Accounts: who may use the lab, and how they show who they are.

use secrecy::SecretString;

use super::{Passwords, ServiceError, Tokens};
use crate::{
    domain::{Email, Invalid, Password, User, UserId},
    store::{Store, StoreError},
};

/// The setting by which administrators close registration.
pub(super) const REGISTRATION: &str = "registration";

/// Use cases of accounts.
#[derive(Clone)]
pub struct Accounts {
    pub(super) store: Store,
    passwords: Passwords,
    pub(super) tokens: Tokens,
    registration_open: bool,
}

impl Accounts {
    /// Wires the use cases.
    pub fn new(
        store: Store,
        passwords: Passwords,
        tokens: Tokens,
        registration_open: bool,
    ) -> Self {
        Self {
            store,
            passwords,
            tokens,
            registration_open,
        }
    }

    /// Whether anybody may register: as the settings say, unless an administrator has closed it.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn registration_open(&self) -> Result<bool, ServiceError> {
        let closed = self.store.setting(REGISTRATION).await?.as_deref() == Some("closed");
        Ok(self.registration_open && !closed)
    }

    /// Whether nobody has an account yet: the first one is the administrator's.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn is_new(&self) -> Result<bool, ServiceError> {
        Ok(self.store.count_users().await? == 0)
    }

    /// Registers a person.
    ///
    /// # Errors
    /// Registration closed, values that are not acceptable, or an address that is taken.
    pub async fn register(&self, email: &str, password: &str) -> Result<User, ServiceError> {
        if !self.registration_open().await? {
            return Err(ServiceError::RegistrationClosed);
        }
        self.create(email, password).await
    }

    /// Makes an account, also when registration is closed.
    ///
    /// # Errors
    /// Values that are not acceptable, or an address that is taken.
    pub async fn create(&self, email: &str, password: &str) -> Result<User, ServiceError> {
        let (email, password) = match (email.parse::<Email>(), password.parse::<Password>()) {
            (Ok(email), Ok(password)) => (email, password),
            (email, password) => {
                return Err(ServiceError::Invalid(
                    email.err().into_iter().chain(password.err()).collect(),
                ));
            }
        };
        let hash = self.passwords.hash(password).await?;
        self.store
            .add_user(&email, hash)
            .await
            .map_err(|error| match error {
                StoreError::Conflict(_) => ServiceError::EmailTaken,
                other => other.into(),
            })
    }

    /// The user with this address and password, in the same time and words for whatever is wrong.
    ///
    /// # Errors
    /// [`ServiceError::BadCredentials`].
    pub async fn authenticate(
        &self,
        email: &str,
        password: SecretString,
    ) -> Result<User, ServiceError> {
        let user = match email.parse::<Email>() {
            Ok(email) => self.store.user_by_email(&email).await?,
            Err(_) => None,
        };
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        match (self.passwords.verify(password, hash).await?, user) {
            (true, Some(user)) if user.disabled => Err(ServiceError::Disabled),
            (true, Some(user)) => Ok(user),
            _ => Err(ServiceError::BadCredentials),
        }
    }

    /// An access token for a user, and its life in seconds.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] when it can't be written.
    pub fn issue_token(&self, user: &User) -> Result<(String, i64), ServiceError> {
        Ok((self.tokens.issue(user)?, Tokens::LIFE.num_seconds()))
    }

    /// The user of an access token that was issued at `generation` of their password.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] when the account is gone or closed, or its password is another since.
    pub(super) async fn current(&self, id: UserId, generation: i32) -> Result<User, ServiceError> {
        match self.store.user(id).await? {
            Some(user) if user.disabled => Err(ServiceError::Unauthenticated(
                "this account is closed by an administrator",
            )),
            Some(user) if user.generation == generation => Ok(user),
            Some(_) => Err(ServiceError::Unauthenticated(
                "the password was changed since",
            )),
            None => Err(ServiceError::Unauthenticated("the account is gone")),
        }
    }

    /// Changes a password; all tokens and sessions end, personal ones too. Answers the user as they are now.
    ///
    /// # Errors
    /// A wrong current password, or a new one that is not acceptable, as fields.
    pub async fn change_password(
        &self,
        user: &User,
        current: SecretString,
        new: &str,
    ) -> Result<User, ServiceError> {
        let new = new.parse::<Password>().map_err(|invalid| Invalid {
            field: "new_password",
            ..invalid
        })?;
        if !self
            .passwords
            .verify(current, Some(user.password_hash.clone()))
            .await?
        {
            return Err(Invalid::new("current_password", "is not your password").into());
        }
        self.replace_password(user, new).await
    }

    /// Sets a password without asking for the old one: for the operator of the lab.
    ///
    /// # Errors
    /// An unknown address, or a password that is not acceptable.
    pub async fn set_password(&self, email: &str, new: &str) -> Result<User, ServiceError> {
        let email: Email = email.parse()?;
        let new: Password = new.parse()?;
        let user = self
            .store
            .user_by_email(&email)
            .await?
            .ok_or_else(|| Invalid::new("email", format!("there is no account {email}")))?;
        self.replace_password(&user, new).await
    }

    async fn replace_password(&self, user: &User, new: Password) -> Result<User, ServiceError> {
        let hash = self.passwords.hash(new).await?;
        if !self
            .store
            .replace_password(user.id, user.generation, hash)
            .await?
        {
            return Err(ServiceError::Unauthenticated(
                "the password was changed since",
            ));
        }
        self.store.end_sessions_of(user.id).await?;
        self.store.revoke_tokens_of(user.id).await?;
        self.current(user.id, user.generation.wrapping_add(1)).await
    }
}
