//! The real program, killed: whatever it was doing, the next one goes on from the journal, and traffic ends where it
//! should. Real Docker, a real nginx, the images of the sample application.

#[path = "crash/during_steps.rs"]
mod during_steps;
#[path = "crash/one_server.rs"]
mod one_server;
#[path = "crash/process.rs"]
mod process;
#[path = "crash/stage.rs"]
mod stage;
#[allow(dead_code, reason = "shared with the engine's tests")]
#[path = "crash/support.rs"]
mod support;
#[path = "crash/writes.rs"]
mod writes;
