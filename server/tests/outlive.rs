//! Services as local processes, behind the embedded proxy: whatever becomes of the server, they go on, and a rollout goes on
//! from its journal. Needs nothing but the program itself.

#[path = "outlive/crashing.rs"]
mod crashing;
#[path = "outlive/living.rs"]
mod living;
#[path = "crash/process.rs"]
mod process;
#[path = "outlive/service.rs"]
mod service;
#[path = "outlive/stage.rs"]
mod stage;
#[path = "outlive/support.rs"]
mod support;
