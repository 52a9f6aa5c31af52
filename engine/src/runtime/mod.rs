//! What runs the services of a slot.
//!
//! | file | what |
//! |---|---|
//! | `docker` | containers, by the user's compose file |
//! | `process` | processes of this machine, by the application file |
//! | `recipe` | what a release is made of |
//! | `project`, `instance` | where services run, and how each of them is |
//! | `exec`, `lines` | commands beside them, and what they print |
//! | `disk` | whether there is room |

mod disk;
pub mod docker;
mod exec;
mod instance;
mod lines;
pub mod process;
mod project;
mod recipe;

pub use exec::{Exec, Pipe};
pub use instance::Health;
pub(crate) use instance::{Crashes, Instance, State};
pub use project::Project;
pub use recipe::{Programs, Recipe};

use crate::definition::Definition;
use crate::store::applications::Address;
use docker::Docker;
use futures::future::BoxFuture;
use process::Processes;
use rollout::application::Application;
use rollout::check::Check;
use rollout::release::{PinnedImages, Version};
use rollout::runtime::RuntimeKind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a runtime could not do, in a sentence for people: what was tried, and what came of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuntimeError(String);

impl RuntimeError {
    pub(crate) fn new(message: impl Into<String>) -> RuntimeError {
        RuntimeError(message.into())
    }
}

pub(crate) type Done<'a, T> = BoxFuture<'a, Result<T, RuntimeError>>;
/// Hears what is done, line by line.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(String) + Send);

/// What shall run in a project.
pub(crate) struct Wanted<'a> {
    pub(crate) project: &'a Project,
    pub(crate) definition: &'a Definition,
    pub(crate) recipe: &'a Recipe,
    pub(crate) release: &'a Version,
    /// What the release was when it was pinned.
    pub(crate) images: &'a PinnedImages,
    /// Services to run; others of the release are left alone.
    pub(crate) services: BTreeSet<&'a str>,
    pub(crate) addresses: &'a [Address],
    /// What runs with another configuration is left as it is, and spoken of.
    pub(crate) keep_running: bool,
}

/// What runs the services of applications. Every change is a reconciliation: what is as wanted stays as it is.
pub(crate) trait Runtime: Send + Sync {
    /// As a sentence begins: `the Docker Engine`.
    fn name(&self) -> &'static str;

    /// Is the machine fit to run them?
    fn fitness(&self) -> BoxFuture<'_, Vec<Check>>;

    /// What the release is made of, by content, and how it went. What is `known` of it keeps its meaning.
    fn pin<'a>(
        &'a self,
        definition: &'a Definition,
        recipe: &'a Recipe,
        known: Option<&'a PinnedImages>,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, (PinnedImages, Check)>;

    /// Brings what was pinned to this machine.
    fn fetch<'a>(
        &'a self,
        definition: &'a Definition,
        recipe: &'a Recipe,
        pinned: &'a PinnedImages,
        tell: Tell<'a>,
    ) -> Done<'a, ()>;

    /// Lets the services of `project` find those that both slots share.
    fn join_shared<'a>(&'a self, shared: &'a Project, project: &'a Project, recipe: &'a Recipe) -> Done<'a, ()>;

    /// Makes the project as wanted.
    fn up<'a>(&'a self, wanted: &'a Wanted<'a>, tell: Tell<'a>) -> Done<'a, ()>;

    /// Stops and removes everything in the project. Data stays. Says how many instances there were.
    fn down<'a>(&'a self, project: &'a Project) -> Done<'a, usize>;

    /// Everything in a project, running or not, by service.
    fn instances<'a>(&'a self, project: &'a Project) -> Done<'a, Vec<Instance>>;

    /// The environment that each service of a project runs with.
    fn environments<'a>(&'a self, project: &'a Project) -> Done<'a, BTreeMap<String, BTreeMap<String, String>>>;

    /// Starts what was stopped. Fine when it runs.
    fn start<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()>;

    /// Stops it with its grace. Fine when it is stopped or gone.
    fn stop<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()>;

    /// Takes away what was stopped. Fine when it is gone.
    fn remove<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()>;

    /// Its last lines, oldest first.
    fn last_lines<'a>(&'a self, instance: &'a Instance, count: usize) -> Done<'a, Vec<String>>;

    /// Gets a command ready beside an instance, by the name that its project gives it. It does not run yet.
    fn command<'a>(&'a self, instance: &'a str, command: &'a [String]) -> Done<'a, Exec>;

    /// Runs a command to its end, and says its exit code. `line` gets what it prints.
    fn run<'a>(&'a self, exec: &'a Exec, line: &'a mut (dyn FnMut(Pipe, &str) + Send)) -> Done<'a, i64>;

    /// Whether a command is at work.
    fn runs<'a>(&'a self, exec: &'a Exec) -> Done<'a, bool>;
}

/// Every runtime there is.
pub(crate) struct Runtimes {
    pub(crate) docker: Arc<Docker>,
    pub(crate) processes: Processes,
}

impl Runtimes {
    /// The one that an application's file names.
    pub(crate) fn of(&self, application: &Application) -> Arc<dyn Runtime> {
        match application.runtime {
            RuntimeKind::Docker => self.docker.clone(),
            RuntimeKind::Process(_) => Arc::new(self.processes.clone()),
        }
    }

    /// The one that runs something of an application whose file cannot be read.
    pub(crate) fn holding(&self, application: &str) -> Arc<dyn Runtime> {
        match self.processes.holds(application) {
            true => Arc::new(self.processes.clone()),
            false => self.docker.clone(),
        }
    }
}
