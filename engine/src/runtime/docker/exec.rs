//! Commands in a running container.

use super::{Docker, DockerError, Exec, Pipe, while_trying};
use crate::runtime::lines::Lines;
use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures::StreamExt;

impl Docker {
    /// Runs a command to its end and returns its exit code. `line` gets what it prints, line by line.
    ///
    /// # Errors
    /// When it cannot be started, or the engine goes away meanwhile.
    pub async fn exec(
        &self,
        container: &str,
        command: &[String],
        line: &mut (dyn FnMut(Pipe, &str) + Send),
    ) -> Result<i64, DockerError> {
        let exec = self.create_exec(container, command).await?;
        self.run_exec(&exec, line).await
    }

    /// Gets a command ready. It does not run yet.
    ///
    /// # Errors
    /// When there is no such container, or it does not run.
    pub async fn create_exec(&self, container: &str, command: &[String]) -> Result<Exec, DockerError> {
        let config = ExecConfig {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..ExecConfig::default()
        };
        let what = format!("`{}` in {container}", command.join(" "));
        let created = self.api()?.create_exec(container, config).await;
        let id = created.map_err(while_trying(format!("run {what}")))?.id;
        Ok(Exec { id, what })
    }

    /// Runs it to its end, as [`Docker::exec`]. When this is dropped, the command goes on: the Docker Engine has no way
    /// to end it.
    ///
    /// # Errors
    /// As [`Docker::exec`].
    pub async fn run_exec(&self, exec: &Exec, line: &mut (dyn FnMut(Pipe, &str) + Send)) -> Result<i64, DockerError> {
        let what = || format!("run {}", exec.what);
        let started = self.api()?.start_exec(&exec.id, None).await.map_err(while_trying(what()))?;
        if let StartExecResults::Attached { mut output, .. } = started {
            let (mut out, mut err) = (Lines::default(), Lines::default());
            while let Some(piece) = output.next().await {
                match piece.map_err(while_trying(what()))? {
                    LogOutput::StdErr { message } => err.push(&message, |text| line(Pipe::Err, text)),
                    LogOutput::StdOut { message } | LogOutput::Console { message } => {
                        out.push(&message, |text| line(Pipe::Out, text));
                    }
                    LogOutput::StdIn { .. } => {}
                }
            }
            out.finish(|text| line(Pipe::Out, text));
            err.finish(|text| line(Pipe::Err, text));
        }
        let done = self.api()?.inspect_exec(&exec.id).await.map_err(while_trying(what()))?;
        done.exit_code.ok_or_else(|| DockerError::new(format!("Docker lost sight of {}", exec.what)))
    }

    /// Whether it is at work. One that the engine does not know any more is not.
    ///
    /// # Errors
    /// When the engine does not tell.
    pub async fn exec_runs(&self, exec: &Exec) -> Result<bool, DockerError> {
        let seen = self.api()?.inspect_exec(&exec.id).await.map_err(while_trying(format!("look at {}", exec.what)));
        match seen {
            Ok(seen) => Ok(seen.running == Some(true)),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
