//! What people see.
//!
//! | module | what | where |
//! |---|---|---|
//! | [`live`] | what travels over the websocket | both |
//! | [`components`] | small views, used by pages and islands | both |
//! | [`islands`] | what is alive in the browser | both |
//! | `app` | the routes | server |
//! | `shell` | the document around every page | server |
//! | `pages` | one file a page | server |
//! | `api` | where forms go: server functions | server |
//! | `context` | who asks, and the engine they ask | server |
//! | `flash` | what a page has to say once, about the form that was sent | both |

// `view!` makes deep types of its own.
#![recursion_limit = "512"]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` are two builds: turn on one of them");

pub mod components;
pub mod flash;
pub mod islands;
pub mod live;

#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod app;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(feature = "ssr")]
pub use app::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
