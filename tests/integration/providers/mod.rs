//! One suite, held against every provider. What exists is asked for where it exists, never through the lab.
//!
//! kwok and vcluster's host are real; kind and k3d are stand-ins where there is no Docker.

mod addons;
mod contract;
mod detection;
mod real_kind;
mod subject;
mod suite;

use subject::{Kwok, StandIn, VirtualClusters};

/// The whole suite, for one provider.
macro_rules! conformance {
    ($name:ident, $subject:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn a_cluster_is_made_used_mended_and_removed() {
                suite::life(&$subject);
            }

            #[test]
            fn a_server_killed_at_any_step_of_a_creation_finishes_it() {
                suite::crashes(&$subject);
            }

            #[test]
            fn a_deletion_at_any_step_of_a_creation_ends_it() {
                suite::cancellations(&$subject);
            }

            #[test]
            fn what_no_row_wants_is_found_and_removed() {
                suite::orphans(&$subject);
            }

            #[test]
            fn a_tool_that_hangs_or_floods_is_ended_and_leaves_nothing() {
                suite::bad_tools(&$subject);
            }

            #[test]
            fn what_is_not_there_is_destroyed_again_and_again_and_what_is_anothers_is_left_alone() {
                contract::holds(&$subject);
            }
        }
    };
}

conformance!(kwok, Kwok::new());
conformance!(vcluster, VirtualClusters::new());
conformance!(kind_by_a_stand_in, StandIn::new("kind"));
conformance!(k3d_by_a_stand_in, StandIn::new("k3d"));
