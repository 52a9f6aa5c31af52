//! A project reconciled: what runs as wanted stays, what differs is made anew.

use super::record::{Record, Spec};
use super::{Processes, RuntimeError, SHARED_ADDRESS, fill, pin};
use crate::runtime::{Programs, Recipe, Tell, Wanted};
use crate::store::applications::Address;
use rollout::application::{Secret, Service};
use rollout::runtime::{OwnCheck, Program, Question};
use rollout::slot::Slot;

impl Processes {
    pub(super) async fn make(&self, wanted: &Wanted<'_>, tell: Tell<'_>) -> Result<(), RuntimeError> {
        let Recipe::Processes(programs) = wanted.recipe else {
            return Err(RuntimeError::new("containers cannot run as processes: the application file describes none"));
        };
        for name in &wanted.services {
            let Some(program) = programs.services.get(*name) else { continue };
            self.reconcile(wanted, programs, name, program, tell).await?;
        }
        Ok(())
    }

    async fn reconcile(
        &self,
        wanted: &Wanted<'_>,
        programs: &Programs,
        service: &str,
        program: &Program,
        tell: Tell<'_>,
    ) -> Result<(), RuntimeError> {
        let name = wanted.project.container(service);
        let spec = spec(wanted, programs, service, program)?;
        let turn = self.turn(&name);
        let _turn = turn.lock().await;
        match self.record(&name) {
            Some(there) if there.spec == spec && there.is_alive() => {
                self.start_in_turn(&name).await?;
                tell(format!("{service} runs as wanted"));
            }
            Some(there) if there.spec == spec => {
                as_pinned(wanted, programs, service, program, &spec).await?;
                self.start_in_turn(&name).await?;
                tell(format!("{service} had ended: started again"));
            }
            // It outlives rollouts, and may hold data: it is started if need be, and never made anew.
            Some(_) if wanted.keep_running => {
                self.start_in_turn(&name).await?;
                tell(format!("{service} runs with an older configuration and is left alone: it outlives rollouts"));
            }
            there => {
                as_pinned(wanted, programs, service, program, &spec).await?;
                if there.is_some() {
                    self.stop_in_turn(&name).await?;
                    // What the other one printed would be taken for its own.
                    self.files(&name).remove().map_err(|error| RuntimeError::new(format!("{name}: {error}")))?;
                    tell(format!("{service} had another configuration: made anew"));
                }
                let application = &wanted.definition.application.name;
                self.keep(Record::new(name.clone(), application, wanted.project.name(), service, spec))?;
                self.start_in_turn(&name).await?;
                tell(format!("{service} started"));
            }
        }
        Ok(())
    }
}

/// A release means what it meant when it was pinned.
async fn as_pinned(
    wanted: &Wanted<'_>,
    programs: &Programs,
    service: &str,
    program: &Program,
    spec: &Spec,
) -> Result<(), RuntimeError> {
    let (base, version, program) = (wanted.definition.folder.clone(), programs.version.clone(), program.clone());
    let now = tokio::task::spawn_blocking(move || pin::pin(&base, &version, &program)).await;
    let now = now.map_err(|error| RuntimeError::new(format!("{service}: {error}")))?;
    match now {
        Err(why) => Err(RuntimeError::new(format!("{service}: {why}"))),
        Ok(now) if now == spec.pinned || !pin::is_by_content(&spec.pinned) => Ok(()),
        Ok(now) => Err(RuntimeError::new(format!(
            "{service} is not what release {} was when it was first seen: it is {now}, and was {}. Put back what was there, or \
             give it a version of its own",
            programs.version, spec.pinned
        ))),
    }
}

/// How a service runs in a place.
fn spec(wanted: &Wanted, programs: &Programs, service: &str, program: &Program) -> Result<Spec, RuntimeError> {
    let slot = wanted.project.slot;
    let port = |name: &str| port(wanted.addresses, name, slot, &wanted.definition.service(name));
    let value = |name: &str| match name {
        "version" => Some(programs.version.to_string()),
        "slot" => Some(slot.map_or("shared", Slot::as_str).to_owned()),
        "port" => port(service).map(|port| port.to_string()),
        other => port(other.strip_prefix("port.")?).map(|port| port.to_string()),
    };
    let filled = |words: &[String]| words.iter().map(|word| fill::fill(word, value)).collect::<Vec<_>>();
    let health = program.health.clone().map(|check| OwnCheck {
        ask: match check.ask {
            Question::Command(command) => Question::Command(filled(&command)),
            path => path,
        },
        ..check
    });
    let environment = program.environment.iter().map(|(name, secret)| {
        let value = match secret {
            Secret::Plain(text) => Secret::Plain(fill::fill(text, value)),
            reference => reference.clone(),
        };
        (name.clone(), value)
    });
    let pinned = wanted.images.get(service);
    Ok(Spec {
        command: filled(&program.command),
        environment: environment.collect(),
        folder: pin::folder(&wanted.definition.folder, &programs.version, program),
        port: port(service),
        slot: slot.map_or("shared", Slot::as_str).to_owned(),
        release: wanted.release.to_string(),
        health,
        stop_grace: program.stop_grace,
        pinned: pinned.cloned().ok_or_else(|| RuntimeError::new(format!("nothing is pinned for {service}")))?,
    })
}

fn port(addresses: &[Address], service: &str, slot: Option<Slot>, part: &Service) -> Option<u16> {
    let slot = match part {
        Service::Shared => SHARED_ADDRESS,
        _ => slot?,
    };
    addresses.iter().find(|address| address.service == service && address.slot == slot).map(|address| address.port)
}
