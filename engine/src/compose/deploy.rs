//! `deploy`, and the older keys that say the same: `scale`, `cpus`, `mem_limit`, `mem_reservation`, `pids_limit`.

use super::limits;
use super::reader::Reader;
use super::tree::{Key, Node};

/// How many containers of a service, and how much each may use.
#[derive(Default)]
pub(super) struct Resources {
    pub replicas: Option<u32>,
    pub memory_limit: Option<u64>,
    pub memory_reservation: Option<u64>,
    pub nano_cpus: Option<u64>,
    pub pids_limit: Option<i64>,
}

impl Resources {
    /// Reads one of the keys above; false if it is none of them.
    pub fn read(&mut self, reader: &mut Reader, key: &Key, value: &Node) -> bool {
        match key.name.as_str() {
            "deploy" => self.deploy(reader, value),
            "scale" => {
                let scale = reader.number(value, "scale", "a whole number");
                agree(reader, key, &mut self.replicas, scale, "`deploy.replicas`");
            }
            "cpus" => {
                let cpus = reader.parsed(value, "cpus", limits::nano_cpus);
                agree(reader, key, &mut self.nano_cpus, cpus, "`deploy.resources.limits.cpus`");
            }
            "mem_limit" => {
                let bytes = reader.parsed(value, "mem_limit", limits::bytes);
                agree(reader, key, &mut self.memory_limit, bytes, "`deploy.resources.limits.memory`");
            }
            "mem_reservation" => {
                let bytes = reader.parsed(value, "mem_reservation", limits::bytes);
                agree(reader, key, &mut self.memory_reservation, bytes, "`deploy.resources.reservations.memory`");
            }
            "pids_limit" => {
                let pids = reader.parsed(value, "pids_limit", limits::pids);
                agree(reader, key, &mut self.pids_limit, pids, "`deploy.resources.limits.pids`");
            }
            _ => return false,
        }
        true
    }

    fn deploy(&mut self, reader: &mut Reader, node: &Node) {
        for (key, value) in reader.fields(node, "deploy") {
            match key.name.as_str() {
                "replicas" => {
                    let replicas = reader.number(value, "replicas", "a whole number");
                    agree(reader, key, &mut self.replicas, replicas, "`scale`");
                }
                "mode" => {
                    reader.parsed(value, "mode", |text| match text {
                        "replicated" => Ok(()),
                        _ => Err(format!("expected replicated, not `{text}`: the others need Swarm")),
                    });
                }
                "resources" => self.resources(reader, value),
                "restart_policy" => reader.unsupported(key, "write `restart:` in the service, such as on-failure:3"),
                "update_config" | "rollback_config" => {
                    reader.unsupported(key, "how a release is brought out is for the application file, so remove it");
                }
                "labels" => reader.unsupported(key, "they are for Swarm: write `labels` in the service"),
                "endpoint_mode" | "placement" => reader.unsupported(key, "it is for Swarm, so remove it"),
                _ => reader.unknown(key, "`deploy`"),
            }
        }
    }

    fn resources(&mut self, reader: &mut Reader, node: &Node) {
        for (part, value) in reader.fields(node, "resources") {
            if !matches!(part.name.as_str(), "limits" | "reservations") {
                reader.unknown(part, "`resources`");
                continue;
            }
            for (key, value) in reader.fields(value, &part.name) {
                match (part.name.as_str(), key.name.as_str()) {
                    ("limits", "cpus") => {
                        let cpus = reader.parsed(value, "cpus", limits::nano_cpus);
                        agree(reader, key, &mut self.nano_cpus, cpus, "`cpus` of the service");
                    }
                    ("limits", "memory") => {
                        let bytes = reader.parsed(value, "memory", limits::bytes);
                        agree(reader, key, &mut self.memory_limit, bytes, "`mem_limit`");
                    }
                    ("limits", "pids") => {
                        let pids = reader.parsed(value, "pids", limits::pids);
                        agree(reader, key, &mut self.pids_limit, pids, "`pids_limit`");
                    }
                    ("reservations", "memory") => {
                        let bytes = reader.parsed(value, "memory", limits::bytes);
                        agree(reader, key, &mut self.memory_reservation, bytes, "`mem_reservation`");
                    }
                    ("reservations", "cpus") => {
                        reader
                            .unsupported(key, "Docker reserves no CPUs on one machine, so remove it or write a limit");
                    }
                    (part, _) => reader.unknown(key, &format!("`{part}`")),
                }
            }
        }
    }
}

/// Takes `value`, unless the same was said elsewhere, and otherwise.
fn agree<T: PartialEq>(reader: &mut Reader, key: &Key, slot: &mut Option<T>, value: Option<T>, other: &str) {
    match (&slot, value) {
        (Some(before), Some(value)) if *before != value => {
            reader.report(key.at, format!("`{}` contradicts {other}: make them equal, or keep one", key.name));
        }
        (_, Some(value)) => *slot = Some(value),
        (_, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems, service};

    #[test]
    fn both_ways_of_saying_it_are_read() {
        let new = "deploy:\n      mode: replicated\n      replicas: 3\n      resources:\n        \
        limits: {cpus: '0.50', memory: 1G, pids: 99}\n        \
                   reservations: {memory: 256M}";
        let old = "scale: 3\n    cpus: 0.5\n    mem_limit: 1073741824\n    pids_limit: 99\n    mem_reservation: 256m";
        for body in [new.to_owned(), old.to_owned(), format!("{new}\n    {old}")] {
            let service = service(&body);
            assert_eq!(service.replicas, 3, "{body}");
            assert_eq!(service.nano_cpus, Some(500_000_000), "{body}");
            assert_eq!(service.memory_limit, Some(1 << 30), "{body}");
            assert_eq!(service.memory_reservation, Some(256 << 20), "{body}");
            assert_eq!(service.pids_limit, Some(99), "{body}");
        }
        assert_eq!(service("tty: true").replicas, 1);
        assert_eq!(service("deploy: {replicas: 0}").replicas, 0);
        assert_eq!(service("pids_limit: -1").pids_limit, Some(-1));
    }

    #[test]
    fn mistakes_are_told() {
        for (body, expected) in [
            ("deploy: {replicas: two}", "4:24: `replicas`: expected a whole number, not `two`"),
            ("deploy: {replicas: -1}", "4:24: `replicas`: expected a whole number"),
            ("deploy: {mode: global}", "4:20: `mode`: expected replicated, not `global`"),
            ("deploy: {update_config: {parallelism: 1}}", "4:14: `update_config` is not supported"),
            ("deploy: {restart_policy: {condition: any}}", "4:14: `restart_policy` is not supported: write `restart:`"),
            ("deploy: {placement: {}}", "4:14: `placement` is not supported"),
            ("deploy: {replica: 1}", "4:14: `replica` is not a key that Crossfade supports in `deploy`"),
            ("deploy: {resources: {limit: {}}}", "4:26: `limit` is not a key that Crossfade supports in `resources`"),
            ("deploy: {resources: {limits: {ram: 1}}}", "4:35: `ram` is not a key that Crossfade supports in `limits`"),
            ("deploy: {resources: {reservations: {devices: []}}}", "4:41: `devices` is not a key"),
            ("deploy: {resources: {reservations: {cpus: 1}}}", "4:41: `cpus` is not supported: Docker reserves"),
            ("deploy: {replicas: 2}\n    scale: 3", "5:5: `scale` contradicts `deploy.replicas`"),
            (
                "mem_limit: 1g\n    deploy: {resources: {limits: {memory: 2g}}}",
                "5:35: `memory` contradicts `mem_limit`",
            ),
            ("mem_limit: lots", "4:16: `mem_limit`: expected an amount of memory"),
            ("pids_limit: 0", "4:17: `pids_limit`: expected a number of processes"),
            ("cpus: none", "4:11: `cpus`: expected a number of CPUs"),
        ] {
            let found = problems(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
