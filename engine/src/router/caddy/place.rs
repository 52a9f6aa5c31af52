//! Getting our part into a configuration of Caddy's, and out again. Nothing else in it is touched.

use super::CaddyError;
use super::render::Rendered;
use super::settings::Settings;
use serde_json::{Map, Value, json};

/// Puts our part in, or in the place of a former one.
///
/// # Errors
/// The configuration cannot take it, or would not outlive a restart.
pub(super) fn put_in(config: &mut Value, settings: &Settings, rendered: &Rendered) -> Result<(), CaddyError> {
    if config.pointer("/admin/config/persist") == Some(&Value::Bool(false)) {
        return Err(CaddyError::NotKept);
    }
    let id = settings.id();
    let no_server = |there: String| CaddyError::NoServer { server: settings.server.clone(), there };
    let servers = servers(config).ok_or_else(|| no_server("it serves no HTTP at all".into()))?;
    let names: Vec<&str> = servers.keys().map(String::as_str).filter(|name| !name.starts_with("crossfade_")).collect();
    if !names.contains(&settings.server.as_str()) {
        let there = match names.is_empty() {
            true => "it has none".into(),
            false => format!("it has {}", names.join(", ")),
        };
        return Err(no_server(there));
    }
    for (name, server) in servers.iter_mut() {
        let ours = *name == settings.server;
        let Some(routes) = routes(server, ours) else { continue };
        match routes.iter().position(|route| is(route, &id)) {
            Some(at) if ours => routes[at] = rendered.route.clone(),
            // Before those that take every request.
            None if ours => routes.insert(0, rendered.route.clone()),
            _ => routes.retain(|route| !is(route, &id)),
        }
    }
    servers.insert(id, rendered.probe.clone());
    Ok(())
}

/// Takes our part out of every place.
pub(super) fn take_out(config: &mut Value, settings: &Settings) {
    let id = settings.id();
    let Some(servers) = servers(config) else { return };
    servers.remove(&id);
    for server in servers.values_mut() {
        if let Some(routes) = routes(server, false) {
            routes.retain(|route| !is(route, &id));
        }
    }
}

/// Makes our part what it is in another configuration.
pub(super) fn put_back(config: &mut Value, former: &Value, settings: &Settings) {
    take_out(config, settings);
    let id = settings.id();
    let Some(servers) = servers(config) else { return };
    let empty = Map::new();
    let before = former.pointer("/apps/http/servers").and_then(Value::as_object).unwrap_or(&empty);
    if let Some(probe) = before.get(&id) {
        servers.insert(id.clone(), probe.clone());
    }
    for (name, server) in before {
        let theirs = server.get("routes").and_then(Value::as_array).into_iter().flatten();
        let Some((at, route)) = theirs.enumerate().find(|(_, route)| is(route, &id)) else { continue };
        if let Some(routes) = servers.get_mut(name).and_then(|server| routes(server, true)) {
            routes.insert(at.min(routes.len()), route.clone());
        }
    }
}

/// Our route among those of the server that takes the requests.
pub(super) fn find<'a>(config: &'a Value, settings: &Settings) -> Option<&'a Value> {
    let routes = config.pointer("/apps/http/servers")?.get(&settings.server)?.get("routes")?.as_array()?;
    routes.iter().find(|route| is(route, &settings.id()))
}

pub(super) fn is_there(config: &Value, settings: &Settings) -> bool {
    find(config, settings).is_some()
}

fn servers(config: &mut Value) -> Option<&mut Map<String, Value>> {
    config.pointer_mut("/apps/http/servers")?.as_object_mut()
}

fn routes(server: &mut Value, make: bool) -> Option<&mut Vec<Value>> {
    let server = server.as_object_mut()?;
    if make {
        let routes = server.entry("routes").or_insert_with(|| json!([]));
        if routes.is_null() {
            *routes = json!([]);
        }
    }
    server.get_mut("routes")?.as_array_mut()
}

fn is(route: &Value, id: &str) -> bool {
    route.get("@id").and_then(Value::as_str) == Some(id)
}

#[cfg(test)]
mod tests {
    use super::super::render::tests::rendered;
    use super::super::settings::tests::settings;
    use super::*;
    use rollout::application::StickyBy;

    fn theirs() -> Value {
        json!({"apps": {"http": {"servers": {
            "srv0": {"listen": [":80"], "routes": [{"handle": [{"handler": "file_server"}]}]},
            "srv1": {"listen": [":81"]},
        }}, "tls": {}}, "logging": {}})
    }

    #[test]
    fn it_goes_in_first_and_comes_out_whole() {
        let (settings, ours) = (settings(&StickyBy::Cookie), rendered(&StickyBy::Cookie));
        let mut config = theirs();
        assert!(!is_there(&config, &settings));
        put_in(&mut config, &settings, &ours).unwrap();
        assert!(is_there(&config, &settings));
        let routes = config.pointer("/apps/http/servers/srv0/routes").unwrap();
        assert_eq!((routes.as_array().unwrap().len(), &routes[0]), (2, &ours.route));
        let once = config.clone();
        put_in(&mut config, &settings, &ours).unwrap();
        assert_eq!(config, once);
        take_out(&mut config, &settings);
        assert_eq!(config, theirs());
        take_out(&mut config, &settings);
        assert_eq!(config, theirs());
        take_out(&mut Value::Null, &settings);
    }

    #[test]
    fn a_former_one_is_replaced_where_it_stands_and_put_back() {
        let (settings, ours) = (settings(&StickyBy::Cookie), rendered(&StickyBy::Cookie));
        let mut former = theirs();
        put_in(&mut former, &settings, &rendered(&StickyBy::None)).unwrap();
        let routes = former.pointer_mut("/apps/http/servers/srv0/routes").unwrap().as_array_mut().unwrap();
        routes.swap(0, 1);
        let mut config = former.clone();
        put_in(&mut config, &settings, &ours).unwrap();
        assert_eq!(config.pointer("/apps/http/servers/srv0/routes/1"), Some(&ours.route));
        put_back(&mut config, &former, &settings);
        assert_eq!(config, former);
        put_back(&mut config, &theirs(), &settings);
        assert_eq!(config, theirs());
    }

    #[test]
    fn it_moves_to_another_server() {
        let (mut settings, ours) = (settings(&StickyBy::Cookie), rendered(&StickyBy::Cookie));
        let mut config = theirs();
        put_in(&mut config, &settings, &ours).unwrap();
        settings.server = "srv1".into();
        assert!(!is_there(&config, &settings));
        put_in(&mut config, &settings, &ours).unwrap();
        assert_eq!(config.pointer("/apps/http/servers/srv1/routes/0"), Some(&ours.route));
        assert_eq!(
            config.pointer("/apps/http/servers/srv0/routes"),
            theirs().pointer("/apps/http/servers/srv0/routes")
        );
    }

    #[test]
    fn what_cannot_take_it_says_why() {
        let (settings, ours) = (settings(&StickyBy::Cookie), rendered(&StickyBy::Cookie));
        let said = |mut config: Value| put_in(&mut config, &settings, &ours).unwrap_err().to_string();
        assert!(said(Value::Null).starts_with("Caddy has no server named `srv0`: it serves no HTTP at all."));
        let others = json!({"apps": {"http": {"servers": {"a": {}, "b": {}, "crossfade_x": {}}}}});
        assert!(said(others).contains("`srv0`: it has a, b. Set `server`"));
        let mut config = theirs();
        config["admin"] = json!({"config": {"persist": false}});
        assert!(said(config).contains("caddy run --resume"));
    }
}
