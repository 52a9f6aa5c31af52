//! One file a command. An error is a message for the person at the terminal.

pub mod application;
pub mod check;
pub mod init;
pub mod processes;
pub mod proxy;
pub mod serve;
pub mod user;
