//! Finds ports of this host that nobody uses.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, TcpListener},
};

use rand::RngExt;

/// Where ports are looked for: below the range from which Linux takes those of outgoing connections.
const RANGE: std::ops::Range<u16> = 20_000..30_000;

/// `count` ports that nothing listens on and that are not in `reserved`, from a random place on,
/// so that two who look at once seldom find the same.
///
/// # Errors
/// [`io::Error`] when there are not as many.
pub fn free_ports(count: usize, reserved: &HashSet<u16>) -> io::Result<Vec<u16>> {
    let start = rand::rng().random_range(RANGE);
    let found: Vec<u16> = (start..RANGE.end)
        .chain(RANGE.start..start)
        .filter(|port| !reserved.contains(port) && is_free(*port))
        .take(count)
        .collect();
    if found.len() < count {
        return Err(io::Error::other(format!(
            "fewer than {count} of the ports {RANGE:?} are free"
        )));
    }
    Ok(found)
}

/// Whether nothing listens on a port, on whichever address.
pub(super) fn is_free(port: u16) -> bool {
    [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED]
        .into_iter()
        .all(|address| TcpListener::bind((address, port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_use_and_reserved_ones_are_left_alone() {
        let first = free_ports(1, &HashSet::new()).unwrap()[0];
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert!(!is_free(first));
        let reserved: HashSet<u16> = RANGE.filter(|port| port % 2 == 0).collect();
        let found = free_ports(6, &reserved).unwrap();
        assert!(found.iter().all(|port| port % 2 == 1 && *port != first));
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), 6);
        assert!(free_ports(1, &RANGE.collect()).is_err());
    }
}
