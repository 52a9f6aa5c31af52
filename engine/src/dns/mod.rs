//! How long the world keeps the address of a host name: its TTL, asked of the name servers that own it.
//!
//! | file | what |
//! |---|---|
//! | `name` | which host names are in public DNS at all |
//! | `resolver` | the name servers of this machine, which are asked first |
//! | `exchange` | one question to one name server |
//! | `walk` | from a name through its aliases to its addresses |
//! | `owners` | the name servers that own a name |
//! | `ttl` | all of it, for one host, within [`LIMIT`] |
//! | `found` | what came of it |
//! | `judge` | whether that is good enough for a rollout |
//!
//! A recursive name server answers from its cache, and the TTL that it says counts down: 300 becomes 12. Only the
//! name servers of the zone itself say the TTL as it was set, so they are the ones to believe.

pub(crate) mod exchange;
mod found;
mod judge;
pub(crate) mod name;
mod owners;
mod resolver;
mod ttl;
mod walk;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use found::{Asked, Found, Record, Ttl};
pub use judge::judge;
pub use resolver::Resolver;
pub use ttl::{LIMIT, ttl};
