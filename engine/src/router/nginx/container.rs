//! nginx in a container: told and asked through Docker's API.

use super::super::RouterError;
use super::error::NginxError;
use crate::runtime::docker::{Docker, DockerError, Pipe};
use std::sync::LazyLock;

/// What a program in the container said.
#[derive(Debug)]
pub(super) struct Ran {
    pub passed: bool,
    pub out: String,
    pub err: String,
}

/// One for all: it is connected when it is first asked.
static DOCKER: LazyLock<Docker> = LazyLock::new(Docker::default);

/// Runs a program there, to its end.
pub(super) async fn run(container: &str, program: &str, arguments: &[String]) -> Result<Ran, RouterError> {
    let command: Vec<String> = std::iter::once(program.to_owned()).chain(arguments.iter().cloned()).collect();
    let (mut out, mut err) = (String::new(), String::new());
    let mut line = |pipe, text: &str| match pipe {
        Pipe::Out => out.extend([text, "\n"]),
        Pipe::Err => err.extend([text, "\n"]),
    };
    let code = DOCKER.exec(container, &command, &mut line).await.map_err(|error| failed(container, &error))?;
    Ok(Ran { passed: code == 0, out, err })
}

/// nginx is the container's first process, as in nginx's own image: a signal to the container is one to the master.
pub(super) async fn reload(container: &str) -> Result<(), RouterError> {
    DOCKER.signal(container, "HUP").await.map_err(|error| failed(container, &error))
}

/// # Errors
/// When there is no such container, or it does not run.
pub(super) async fn runs(container: &str) -> Result<(), RouterError> {
    match DOCKER.is_running(container).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let why = format!("its container {container} is not running; `docker start {container}` starts it");
            Err(RouterError::NotRunning { why })
        }
        Err(error) => Err(RouterError::NotRunning { why: error.to_string() }),
    }
}

fn failed(container: &str, error: &DockerError) -> RouterError {
    NginxError::Container { container: container.to_owned(), why: error.to_string() }.into()
}
