//! Where services run: a slot of an application, or what both slots share.

use rollout::slot::Slot;

/// The services of an application in one place, by a name that Docker's compose would give them: `hopwhistle-blue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub(super) name: String,
    pub(super) shared: String,
    /// `None` for what both slots share.
    pub(super) slot: Option<Slot>,
}

impl Project {
    pub fn slot(application: &str, slot: Slot) -> Project {
        Project { name: format!("{application}-{slot}"), shared: format!("{application}-shared"), slot: Some(slot) }
    }

    pub fn shared(application: &str) -> Project {
        let name = format!("{application}-shared");
        Project { shared: name.clone(), name, slot: None }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn is_shared(&self) -> bool {
        self.slot.is_none()
    }

    /// The one container or process of a service here.
    pub fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.name)
    }
}
