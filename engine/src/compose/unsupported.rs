//! Keys that compose knows and Crossfade does not honour: what to do instead.

/// At the top of a file.
pub(super) fn top(key: &str) -> Option<&'static str> {
    Some(match key {
        "secrets" | "configs" => "mount a file with `volumes`, or use `environment` or `env_file`",
        "include" => "put everything in one file (`docker compose config` does that)",
        "models" | "provider" => "run it beside Crossfade, and remove it here",
        _ => return None,
    })
}

/// In a service.
pub(super) fn service(key: &str) -> Option<&'static str> {
    Some(match key {
        "links" | "external_links" => "services find each other by name on a common network, so remove it",
        "extends" => "write the service out, or share parts with an anchor and `<<`",
        "network_mode" | "net" => "both slots run on one machine and would collide: use `networks`",
        "privileged" => "give it what it needs with `cap_add`",
        "devices" | "device_cgroup_rules" | "gpus" => "Crossfade gives no devices to containers, so remove it",
        "secrets" | "configs" => "mount a file with `volumes`, or use `environment` or `env_file`",
        "pull_policy" => "a release names its image by digest, and that is pulled when it is prepared, so remove it",
        "volumes_from" => "name the volumes in `volumes`",
        "mac_address" => "both slots are there at once and cannot have the same address, so remove it",
        "dns" | "dns_search" | "dns_opt" => "set it for the engine, in daemon.json",
        "develop" | "attach" => "it is for work on a developer's machine, so remove it",
        "memswap_limit" | "mem_swappiness" | "cpu_count" | "cpu_percent" | "cpu_period" | "cpu_quota"
        | "cpu_rt_period" | "cpu_rt_runtime" | "cpu_shares" | "cpuset" | "blkio_config" | "oom_kill_disable"
        | "oom_score_adj" => "limit it with `cpus` and `mem_limit`",
        "post_start" | "pre_stop" => "do it in the image's entrypoint, or as the migration in the application file",
        "log_driver" | "log_opt" => "write `logging` with `driver` and `options`",
        "cgroup" | "cgroup_parent" | "ipc" | "isolation" | "pid" | "runtime" | "storage_opt" | "sysctls"
        | "userns_mode" | "uts" | "group_add" | "domainname" | "credential_spec" | "annotations" | "label_file"
        | "models" | "provider" | "use_api_socket" => {
            "Crossfade does not pass it to the engine: remove it if the service runs without it"
        }
        _ => return None,
    })
}
