//! What Traefik runs, by its own word, against what it should.

use super::TraefikError;
use super::settings::Settings;
use rollout::slot::{Slot, Split, Weight};
use serde_json::{Map, Value};

/// How traffic is split now.
pub(super) fn split(raw: &Value, settings: &Settings) -> Result<Split, TraefikError> {
    split_in(&raw["services"], settings, "@file")
}

/// Does it serve anything of this application?
pub(super) fn knows(raw: &Value, settings: &Settings) -> bool {
    split(raw, settings).is_ok() || !routed(&raw["services"], settings, "@file").is_empty()
}

/// The split of these services, whose names end like this. All of the application must agree.
pub(super) fn split_in(services: &Value, settings: &Settings, ending: &str) -> Result<Split, TraefikError> {
    let mut common: Option<Split> = None;
    for name in routed(services, settings, ending) {
        let split = split_of(services, &name, ending);
        match (split, common) {
            (Some(split), None) => common = Some(split),
            (Some(split), Some(common)) if split == common => {}
            _ => return Err(TraefikError::Mixed { service: name }),
        }
    }
    common.ok_or_else(|| TraefikError::NotServed { application: settings.application.clone() })
}

/// The names of the application's services: those that have a slot.
fn routed(services: &Value, settings: &Settings, ending: &str) -> Vec<String> {
    let (start, end) = (format!("{}.", settings.prefix()), format!(":{}{ending}", Slot::Blue));
    let names = services.as_object().into_iter().flat_map(Map::keys);
    names.filter(|name| name.starts_with(&start)).filter_map(|name| Some(name.strip_suffix(&end)?.to_owned())).collect()
}

fn split_of(services: &Value, name: &str, ending: &str) -> Option<Split> {
    let slot_of = |session: u8| {
        let leads = services.get(format!("{name}:{session}{ending}"))?.pointer("/weighted/services")?.as_array()?;
        let [only] = leads.as_slice() else { return None };
        Slot::parse(only.get("name")?.as_str()?.strip_prefix(name)?.strip_prefix(':')?)
    };
    let slots: Vec<Slot> = (0..100).map(slot_of).collect::<Option<_>>()?;
    let weights = |to| (0..=100).filter_map(Weight::new).map(move |weight| Split { to, weight });
    weights(Slot::Green)
        .chain(weights(Slot::Blue))
        .find(|split| (0..).zip(&slots).all(|(session, slot)| split.slot_of(session) == *slot))
}

/// The first difference between what runs and what our file says; `None` when it runs just that.
pub(super) fn difference(raw: &Value, body: &Value) -> Option<String> {
    for (kind, one) in [("routers", "router"), ("services", "service")] {
        for (name, wanted) in body["http"][kind].as_object().into_iter().flatten() {
            let Some(running) = raw[kind].get(format!("{name}@file")) else {
                return Some(format!("it has no {one} {name}"));
            };
            if running["status"] != "enabled" {
                let why = running["error"].as_array().into_iter().flatten().filter_map(Value::as_str);
                return Some(format!("it has disabled the {one} {name}: {}", why.collect::<Vec<_>>().join("; ")));
            }
            if !has(running, wanted) {
                return Some(format!("its {one} {name} is another one"));
            }
        }
    }
    None
}

/// Is all that is wanted there? Traefik adds what is usual.
fn has(running: &Value, wanted: &Value) -> bool {
    match (running, wanted) {
        (Value::Object(running), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| running.get(key).is_some_and(|running| has(running, wanted)))
        }
        (Value::Array(running), Value::Array(wanted)) => {
            running.len() == wanted.len() && running.iter().zip(wanted).all(|(running, wanted)| has(running, wanted))
        }
        _ => running == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::render;
    use super::super::render::tests::{green, routes};
    use super::super::settings::tests::settings;
    use super::*;
    use rollout::application::StickyBy;
    use serde_json::json;

    /// As Traefik tells of this file.
    fn raw(body: &Value) -> Value {
        let mut raw = json!({"routers": {}, "services": {"api@internal": {"status": "enabled"}}});
        for kind in ["routers", "services"] {
            for (name, value) in body["http"][kind].as_object().unwrap() {
                let mut value = value.clone();
                value["status"] = "enabled".into();
                value["more"] = 1.into();
                raw[kind][format!("{name}@file")] = value;
            }
        }
        raw
    }

    #[test]
    fn the_split_is_read_back() {
        let settings = settings(&StickyBy::Cookie);
        for percent in 0..=100 {
            let body = render(&settings, &routes(), green(percent)).unwrap().body;
            assert_eq!(split(&raw(&body), &settings).unwrap(), green(percent));
        }
        let blue = Split { to: Slot::Blue, weight: Weight::new(30).unwrap() };
        let body = render(&settings, &routes(), blue).unwrap().body;
        assert_eq!(split(&raw(&body), &settings).unwrap(), blue);
        let nothing = json!({"routers": {}});
        assert!(matches!(split(&nothing, &settings), Err(TraefikError::NotServed { .. })));
        assert!(!knows(&nothing, &settings) && knows(&raw(&body), &settings));
    }

    #[test]
    fn what_no_weight_explains_is_said() {
        let settings = settings(&StickyBy::Cookie);
        let body = render(&settings, &routes(), green(25)).unwrap().body;
        let mut mixed = raw(&body);
        mixed["services"]["crossfade_my_shop.api:70@file"] = mixed["services"]["crossfade_my_shop.api:0@file"].clone();
        assert!(matches!(split(&mixed, &settings), Err(TraefikError::Mixed { .. })));
        let other = render(&settings, &routes(), green(26)).unwrap().body;
        let mut apart = raw(&body);
        apart["services"]["crossfade_my_shop.web:25@file"] =
            raw(&other)["services"]["crossfade_my_shop.web:25@file"].clone();
        assert!(matches!(split(&apart, &settings), Err(TraefikError::Mixed { .. })));
    }

    #[test]
    fn a_difference_is_named() {
        let settings = settings(&StickyBy::Cookie);
        let body = render(&settings, &routes(), green(25)).unwrap().body;
        assert_eq!(difference(&raw(&body), &body), None);
        let said = |change: fn(&mut Value)| {
            let mut raw = raw(&body);
            change(&mut raw);
            difference(&raw, &body).unwrap()
        };
        assert_eq!(said(|raw| raw["routers"] = json!({})), "it has no router crossfade_my_shop.api");
        let disable = |raw: &mut Value| {
            let disabled = json!({"status": "disabled", "error": ["no entry point"]});
            raw["routers"]["crossfade_my_shop.web@file"] = disabled;
        };
        assert_eq!(said(disable), "it has disabled the router crossfade_my_shop.web: no entry point");
        let other = render(&settings, &routes(), green(26)).unwrap().body;
        assert_eq!(difference(&raw(&other), &body).unwrap(), "its service crossfade_my_shop.api:25 is another one");
    }
}
