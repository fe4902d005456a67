//! Looking after the lab: what administrators see and may do.

use super::{Journal, ServiceError, accounts::REGISTRATION};
use crate::{
    domain::{Cluster, ClusterId, User, UserId},
    store::UserSummary,
};

/// Use cases of administrators; each asks for one.
#[derive(Clone)]
pub struct Administration {
    journal: Journal,
}

/// A user who has shown to be an administrator.
#[derive(Debug, Clone)]
pub struct Administrator(User);

impl Administrator {
    /// Takes a user who is one.
    ///
    /// # Errors
    /// [`ServiceError::NotAllowed`].
    pub fn new(user: User) -> Result<Self, ServiceError> {
        if user.is_administrator() {
            Ok(Self(user))
        } else {
            Err(ServiceError::NotAllowed)
        }
    }

    /// The user.
    pub fn user(&self) -> &User {
        &self.0
    }
}

impl Administration {
    /// Wires the use cases.
    pub fn new(journal: Journal) -> Self {
        Self { journal }
    }

    /// All users, the first one first.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn users(&self, _: &Administrator) -> Result<Vec<UserSummary>, ServiceError> {
        Ok(self.journal.store().users().await?)
    }

    /// All live clusters with their owners' addresses, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn clusters(
        &self,
        _: &Administrator,
    ) -> Result<Vec<(Cluster, String)>, ServiceError> {
        Ok(self.journal.store().all_clusters().await?)
    }

    /// Has anybody's cluster deleted.
    ///
    /// # Errors
    /// [`ServiceError::NoSuchCluster`].
    pub async fn delete_cluster(
        &self,
        administrator: &Administrator,
        id: ClusterId,
    ) -> Result<(), ServiceError> {
        let all = self.clusters(administrator).await?;
        if !all.iter().any(|(cluster, _)| cluster.id == id) {
            return Err(ServiceError::NoSuchCluster);
        }
        self.journal
            .record(move |store| async move {
                store
                    .release_cluster(id, "An administrator has it deleted")
                    .await
            })
            .await?;
        Ok(())
    }

    /// Closes somebody's account, or opens it again.
    ///
    /// # Errors
    /// [`ServiceError::WrongState`] for one's own.
    pub async fn set_disabled(
        &self,
        administrator: &Administrator,
        user: UserId,
        disabled: bool,
    ) -> Result<(), ServiceError> {
        if administrator.0.id == user {
            return Err(ServiceError::WrongState(
                "you can't close your own account here".to_owned(),
            ));
        }
        Ok(self.journal.store().set_disabled(user, disabled).await?)
    }

    /// Closes registration, or opens it again.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`].
    pub async fn set_registration(
        &self,
        _: &Administrator,
        open: bool,
    ) -> Result<(), ServiceError> {
        let value = if open { "open" } else { "closed" };
        Ok(self
            .journal
            .store()
            .set_setting(REGISTRATION, value)
            .await?)
    }

    /// Deletes an account of one's own, with all its clusters.
    ///
    /// # Errors
    /// [`ServiceError::WrongState`] for the last administrator of a lab.
    pub async fn delete_account(&self, user: &User) -> Result<(), ServiceError> {
        let store = self.journal.store();
        if user.is_administrator()
            && store.count_administrators().await? <= 1
            && store.count_users().await? > 1
        {
            return Err(ServiceError::WrongState(
                "you are the only administrator of this lab, and others use it".to_owned(),
            ));
        }
        let id = user.id;
        self.journal
            .record(move |store| async move { store.delete_user(id).await })
            .await?;
        Ok(())
    }
}
