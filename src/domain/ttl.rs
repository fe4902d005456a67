//! How long a cluster lives.

use chrono::{DateTime, Duration, Utc};

use super::Invalid;

/// A cluster's time to live, in whole hours, within the installation's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ttl(u16);

/// What an installation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TtlLimits {
    /// The longest total life of a cluster, in hours.
    pub max_hours: u16,
}

impl TtlLimits {
    /// Reads a wished life of `hours`.
    ///
    /// # Errors
    /// [`Invalid`] for less than one hour or more than the limit.
    pub fn ttl(self, hours: i64) -> Result<Ttl, Invalid> {
        match u16::try_from(hours) {
            Ok(hours) if (1..=self.max_hours).contains(&hours) => Ok(Ttl(hours)),
            _ => Err(Invalid::new(
                "ttl_hours",
                format!("must be between 1 and {} hours", self.max_hours),
            )),
        }
    }

    /// Adds `hours` to a life.
    ///
    /// # Errors
    /// [`Invalid`] when nothing would be added or the whole life would exceed the limit.
    pub fn extend(self, ttl: Ttl, hours: i64) -> Result<Ttl, Invalid> {
        let room = self.max_hours.saturating_sub(ttl.0);
        match u16::try_from(hours) {
            Ok(hours) if (1..=room).contains(&hours) => Ok(Ttl(ttl.0 + hours)),
            _ if room == 0 => Err(Invalid::new(
                "hours",
                format!(
                    "this cluster already has the longest life allowed, {} hours",
                    self.max_hours
                ),
            )),
            _ => Err(Invalid::new(
                "hours",
                format!(
                    "must be between 1 and {room}: a cluster may live {} hours in all",
                    self.max_hours
                ),
            )),
        }
    }
}

impl Ttl {
    /// A life as the database has kept it; it was within the limit of its time.
    pub fn from_stored(hours: i32) -> Self {
        Self(u16::try_from(hours).unwrap_or(1))
    }

    /// Whole hours.
    pub fn hours(self) -> u16 {
        self.0
    }

    /// When a cluster made at `created_at` ends.
    pub fn expiry(self, created_at: DateTime<Utc>) -> DateTime<Utc> {
        created_at + Duration::hours(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TtlLimits = TtlLimits { max_hours: 72 };

    #[test]
    fn a_life_is_between_one_hour_and_the_limit() {
        assert!(LIMITS.ttl(0).is_err());
        assert!(LIMITS.ttl(-1).is_err());
        assert!(LIMITS.ttl(73).is_err());
        assert!(LIMITS.ttl(i64::MAX).is_err());
        assert_eq!(LIMITS.ttl(1).map(Ttl::hours), Ok(1));
        assert_eq!(LIMITS.ttl(72).map(Ttl::hours), Ok(72));
    }

    #[test]
    fn extensions_stop_at_the_limit_of_the_whole_life() {
        let ttl = Ttl(70);
        assert_eq!(LIMITS.extend(ttl, 2).map(Ttl::hours), Ok(72));
        assert!(
            LIMITS
                .extend(ttl, 3)
                .unwrap_err()
                .message
                .contains("between 1 and 2")
        );
        assert!(LIMITS.extend(ttl, 0).is_err());
        assert!(
            LIMITS
                .extend(Ttl(72), 1)
                .unwrap_err()
                .message
                .contains("longest life")
        );
    }

    #[test]
    fn expiry_counts_from_creation() {
        let created = DateTime::UNIX_EPOCH;
        assert_eq!(Ttl(2).expiry(created).timestamp(), 7200);
    }
}
