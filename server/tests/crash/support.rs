//! What these tests share with those of the engine.

#[path = "../../../engine/tests/support/docker.rs"]
pub mod docker;
#[path = "../../../engine/tests/support/nginx.rs"]
pub mod nginx;
