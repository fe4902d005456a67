//! Why a use case did not end as its caller wished.

use crate::{domain::Invalid, store::StoreError};

/// The services' errors, in words for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Values that are not acceptable, by field.
    #[error("some values are not acceptable")]
    Invalid(Vec<Invalid>),
    /// Wrong address or password: which of them is not told.
    #[error("the e-mail address or the password is wrong")]
    BadCredentials,
    /// An administrator has closed the account.
    #[error("this account is closed: ask an administrator of this lab")]
    Disabled,
    /// It is for administrators only.
    #[error("this is for administrators of this lab only")]
    NotAllowed,
    /// No valid token or session.
    #[error("log in first: {0}")]
    Unauthenticated(&'static str),
    /// Registration is closed by the settings.
    #[error("registration is closed: ask an administrator of this lab for an account")]
    RegistrationClosed,
    /// There is an account with this address.
    #[error("there is an account with this e-mail address already")]
    EmailTaken,
    /// Unknown, another's, or gone: which of them is not told.
    #[error("there is no such cluster")]
    NoSuchCluster,
    /// The owner has a live cluster of this name.
    #[error("you have a cluster of this name already")]
    NameTaken,
    /// The owner has as many clusters as they may.
    #[error("you have as many clusters as you may, {0}: delete one first")]
    OverQuota(u32),
    /// The same key for another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The cluster's status does not allow it.
    #[error("{0}")]
    WrongState(String),
    /// The database is away: later it will work.
    #[error("the lab's database is not available, try again in a moment")]
    Unavailable(#[source] StoreError),
    /// A fault of the lab.
    #[error("something went wrong on the lab's side")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ServiceError {
    /// Wraps a fault of the lab.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Invalid> for ServiceError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(vec![invalid])
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error),
            other => Self::internal(other),
        }
    }
}
