//! Who may do what. One table; the engine asks it for every command, and the screen for every button.

use crate::actor::{Actor, Role};
use crate::command::{AskKind, Refusal};

/// Everything that needs permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See applications, rollouts, history and logs.
    Read,
    StartRollout,
    /// Bring an application under Crossfade's care.
    AddApplication,
    /// Give out links through the testers' door.
    OpenDoor,
    Ask(AskKind),
}

/// The least role for it.
pub fn least_role(permission: Permission) -> Role {
    match permission {
        Permission::Read => Role::Viewer,
        Permission::StartRollout | Permission::OpenDoor => Role::Deployer,
        Permission::AddApplication => Role::Admin,
        Permission::Ask(ask) => match ask {
            AskKind::AddNote
            | AskKind::Hold
            | AskKind::Resume
            | AskKind::Retry
            | AskKind::Abort
            | AskKind::ExtendDrain
            // Whoever is on call must be able to get traffic back to what worked.
            | AskKind::RollBack => Role::Deployer,
            // The stage's own rule may ask for more.
            AskKind::Approve | AskKind::Reject => Role::Deployer,
            AskKind::Skip
            | AskKind::PromoteFull
            | AskKind::ExtendKeepWarm
            | AskKind::CleanUpNow
            | AskKind::PutRight
            | AskKind::Adopt
            // It cuts off users.
            | AskKind::DrainNow => Role::ReleaseManager,
            AskKind::Freeze | AskKind::Thaw => Role::Admin,
        },
    }
}

/// # Errors
/// [`Refusal::Forbidden`], naming the role that is needed.
pub fn authorize(actor: &Actor, permission: Permission) -> Result<(), Refusal> {
    let role = least_role(permission);
    if actor.has(role) {
        return Ok(());
    }
    Err(Refusal::Forbidden { role, message: format!("This needs the role {role}. Ask someone who has it.") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ask_has_its_least_role() {
        use AskKind::*;
        let table = [
            (AddNote, Role::Deployer),
            (Hold, Role::Deployer),
            (Resume, Role::Deployer),
            (Retry, Role::Deployer),
            (Abort, Role::Deployer),
            (RollBack, Role::Deployer),
            (Approve, Role::Deployer),
            (Reject, Role::Deployer),
            (Skip, Role::ReleaseManager),
            (PromoteFull, Role::ReleaseManager),
            (ExtendKeepWarm, Role::ReleaseManager),
            (CleanUpNow, Role::ReleaseManager),
            (ExtendDrain, Role::Deployer),
            (DrainNow, Role::ReleaseManager),
            (Freeze, Role::Admin),
            (Thaw, Role::Admin),
            (PutRight, Role::ReleaseManager),
            (Adopt, Role::ReleaseManager),
        ];
        assert_eq!(table.len(), AskKind::ALL.len());
        for (ask, least) in table {
            for role in Role::ALL {
                let allowed = authorize(&Actor::user("ada", role), Permission::Ask(ask)).is_ok();
                assert_eq!(allowed, role >= least, "{role} {ask:?}");
            }
        }
    }

    #[test]
    fn the_engine_has_no_permissions() {
        assert!(authorize(&Actor::Engine, Permission::Read).is_err());
    }
}
