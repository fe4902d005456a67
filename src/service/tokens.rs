//! Access tokens: JWT (RFC 7519), HS256, for one hour.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SecretKey, ServiceError};
use crate::domain::{User, UserId};

const NAME: &str = "pyk8s-lab";

/// Issues and reads access tokens.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
    /// The password's generation: a token of an older one is void.
    generation: i32,
}

/// Who a token says its bearer is; whether that still holds is for the accounts to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// The user.
    pub user: UserId,
    /// The generation of their password when the token was issued.
    pub generation: i32,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

impl Tokens {
    /// How long a token lives.
    pub const LIFE: Duration = Duration::hours(1);

    /// Takes the installation's secret.
    pub fn new(secret: &SecretKey) -> Self {
        let key = secret.derive("access tokens");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[NAME]);
        validation.set_audience(&[NAME]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        Self {
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
            validation,
        }
    }

    /// A token for `user`.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] when it can't be written.
    pub fn issue(&self, user: &User) -> Result<String, ServiceError> {
        self.issue_at(user, Utc::now())
    }

    fn issue_at(&self, user: &User, now: DateTime<Utc>) -> Result<String, ServiceError> {
        let claims = Claims {
            iss: NAME.to_owned(),
            aud: NAME.to_owned(),
            sub: user.id.to_string(),
            iat: now.timestamp(),
            exp: (now + Self::LIFE).timestamp(),
            jti: Uuid::new_v4().to_string(),
            generation: user.generation,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(ServiceError::internal)
    }

    /// Reads a token: its signature, issuer, audience and time are right.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] otherwise.
    pub fn read(&self, token: &str) -> Result<Bearer, ServiceError> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
                    ServiceError::Unauthenticated("the access token has expired")
                }
                _ => ServiceError::Unauthenticated("the access token is not valid"),
            })?
            .claims;
        let invalid = ServiceError::Unauthenticated("the access token is not valid");
        let (Ok(user), Some(expires_at)) =
            (claims.sub.parse(), DateTime::from_timestamp(claims.exp, 0))
        else {
            return Err(invalid);
        };
        Ok(Bearer {
            user,
            generation: claims.generation,
            expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    use super::*;
    use crate::domain::Role;

    fn user() -> User {
        User {
            id: UserId::random(),
            email: "ada@example.org".parse().unwrap(),
            password_hash: String::new(),
            generation: 3,
            created_at: Utc::now(),
            role: Role::Member,
            disabled: false,
        }
    }

    fn tokens() -> Tokens {
        Tokens::new(&SecretKey::new("a secret"))
    }

    #[test]
    fn a_token_names_its_bearer() {
        let (tokens, user) = (tokens(), user());
        let bearer = tokens.read(&tokens.issue(&user).unwrap()).unwrap();
        assert_eq!((bearer.user, bearer.generation), (user.id, 3));
    }

    #[test]
    fn an_expired_token_says_so() {
        let tokens = tokens();
        let old = tokens
            .issue_at(&user(), Utc::now() - Duration::minutes(61))
            .unwrap();
        assert!(
            tokens
                .read(&old)
                .unwrap_err()
                .to_string()
                .contains("expired")
        );
    }

    #[test]
    fn forged_and_unsigned_tokens_are_refused() {
        let tokens = tokens();
        let forged = Tokens::new(&SecretKey::new("another"))
            .issue(&user())
            .unwrap();
        let genuine = tokens.issue(&user()).unwrap();
        let payload = genuine.split('.').nth(1).unwrap();
        let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let cut = &genuine[..genuine.len() - 3];
        for bad in [
            &forged,
            &format!("{none}.{payload}."),
            cut,
            "",
            "a.b.c",
            ".....",
        ] {
            assert!(
                matches!(tokens.read(bad), Err(ServiceError::Unauthenticated(_))),
                "{bad}"
            );
        }
    }
}
