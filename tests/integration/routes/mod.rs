//! The API, route by route, and what holds for all of them.

mod accounts;
mod bad_input;
mod clusters;
mod document;
mod fuzz;
mod health;
mod live;
mod pages;
