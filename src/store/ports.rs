//! Ports of a host, each for one cluster: the table's key keeps two from having the same.

use diesel::prelude::*;

use super::{Store, StoreError, connection::AnyConnection, schema::cluster_ports};
use crate::domain::ClusterId;

/// The ports of each of `clusters`, in the order in which they were reserved… by number.
pub(super) fn of(conn: &mut AnyConnection, cluster_id: &str) -> Result<Vec<u16>, StoreError> {
    let ports: Vec<i32> = cluster_ports::table
        .filter(cluster_ports::cluster_id.eq(cluster_id))
        .order(cluster_ports::port.asc())
        .select(cluster_ports::port)
        .load(conn)?;
    Ok(ports
        .into_iter()
        .filter_map(|port| u16::try_from(port).ok())
        .collect())
}

/// Frees a cluster's ports.
pub(super) fn free(conn: &mut AnyConnection, cluster_id: &str) -> Result<(), StoreError> {
    diesel::delete(cluster_ports::table.filter(cluster_ports::cluster_id.eq(cluster_id)))
        .execute(conn)?;
    Ok(())
}

impl Store {
    /// All ports reserved on a host.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't say.
    pub async fn reserved_ports(&self, host: &str) -> Result<Vec<u16>, StoreError> {
        let host = host.to_owned();
        self.run(move |conn| {
            let ports: Vec<i32> = cluster_ports::table
                .filter(cluster_ports::host.eq(host))
                .select(cluster_ports::port)
                .load(conn)?;
            Ok(ports
                .into_iter()
                .filter_map(|port| u16::try_from(port).ok())
                .collect())
        })
        .await
    }

    /// Reserves `wanted` for a cluster, all or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one of them is another cluster's.
    pub async fn reserve_ports(
        &self,
        cluster: ClusterId,
        host: &str,
        wanted: Vec<u16>,
    ) -> Result<(), StoreError> {
        let (id, host) = (cluster.to_string(), host.to_owned());
        self.transaction(move |conn| {
            for port in wanted {
                diesel::insert_into(cluster_ports::table)
                    .values((
                        cluster_ports::host.eq(&host),
                        cluster_ports::port.eq(i32::from(port)),
                        cluster_ports::cluster_id.eq(&id),
                    ))
                    .execute(conn)?;
            }
            Ok(())
        })
        .await
    }

    /// Frees a cluster's ports, so that others are reserved at the next try.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn free_ports(&self, cluster: ClusterId) -> Result<(), StoreError> {
        self.run(move |conn| free(conn, &cluster.to_string())).await
    }
}
