//! The pages and their parts, as templates with what they show. No I/O: handlers fill them.

mod admin;
mod cluster;
pub mod filters;
mod form;
mod page;
mod part;
#[cfg(test)]
mod tests;

pub use admin::{AdminPage, ClusterRow, UserView};
pub use cluster::ClusterView;
pub use form::Form;
pub use page::{
    AccountPage, Chrome, ClusterPage, DashboardPage, DeletePage, LandingPage, ProblemPage,
    SessionView, SignInPage, TokenView,
};
pub use part::{
    AddonView, Announcement, Card, CreateForm, DeleteForm, Details, Gone, InsidePart, Line, List,
    Log, NewLine, OfferView, Quota, SizeView,
};
