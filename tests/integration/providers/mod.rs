//! One suite, held against every provider. What exists is asked for where it exists, never through the lab.
//!
//! kwok, kind and vcluster's host are real; k3d is a stand-in, since its images can't be made here.

mod addons;
mod contract;
mod detection;
mod kind_journey;
mod subject;
mod suite;

use crate::support::turn;
use subject::{K3dStandIn, Kind, Kwok, VirtualClusters};

/// The whole suite, for one provider.
macro_rules! conformance {
    ($name:ident, $subject:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn a_cluster_is_made_used_mended_and_removed() {
                // First taken, last given back: a subject looks after all that its engine has.
                let _turn = turn();
                suite::life(&$subject);
            }

            #[test]
            fn a_server_killed_at_any_step_of_a_creation_finishes_it() {
                let _turn = turn();
                suite::crashes(&$subject);
            }

            #[test]
            fn a_deletion_at_any_step_of_a_creation_ends_it() {
                let _turn = turn();
                suite::cancellations(&$subject);
            }

            #[test]
            fn what_no_row_wants_is_found_and_removed() {
                let _turn = turn();
                suite::orphans(&$subject);
            }

            #[test]
            fn a_tool_that_hangs_or_floods_is_ended_and_leaves_nothing() {
                let _turn = turn();
                suite::bad_tools(&$subject);
            }

            #[test]
            fn what_is_not_there_is_destroyed_again_and_again_and_what_is_anothers_is_left_alone() {
                let _turn = turn();
                contract::holds(&$subject);
            }
        }
    };
}

conformance!(kwok, Kwok::new());
conformance!(vcluster, VirtualClusters::new());
conformance!(kind, Kind::new());
conformance!(k3d_by_a_stand_in, K3dStandIn::new());
