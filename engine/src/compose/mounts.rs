//! `volumes` and `tmpfs` of a service.

use super::limits;
use super::model::{Mount, MountSource, Selinux};
use super::names::Names;
use super::reader::Reader;
use super::tree::{Node, Value};
use std::collections::BTreeMap;

pub(super) fn mounts(reader: &mut Reader, node: &Node, names: &Names) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in reader.items(node, "volumes") {
        let mount = match &item.value {
            Value::Map(_) => long(reader, item),
            _ => reader.parsed(item, "volumes", short),
        };
        let Some(mount) = mount else { continue };
        if let MountSource::Volume { name, .. } = &mount.source
            && !names.volumes.contains(name)
        {
            let message = format!(
                "the volume `{name}` is not declared: add it to `volumes` at the top of the file, \
                 or write ./{name} for a folder"
            );
            reader.report(item.at, message);
        }
        mounts.push((item.at, mount));
    }
    reader.no_twins(mounts.iter().map(|(at, mount)| {
        let target = mount.target.trim_end_matches('/').to_owned();
        (*at, target, format!("a mount at `{}`", mount.target))
    }));
    mounts.into_iter().map(|(_, mount)| mount).collect()
}

/// `[source:]target[:options]`.
fn short(text: &str) -> Result<Mount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts[..] {
        [target] => (None, target, ""),
        [source, target] => (Some(source), target, ""),
        [source, target, options] => (Some(source), target, options),
        _ => return Err(format!("expected [source:]target[:options], not `{text}`")),
    };
    let mut mount = Mount { target: self::target(target)?, read_only: false, source: self::source(source)? };
    for option in options.split(',').filter(|_| parts.len() == 3) {
        match (option, &mut mount.source) {
            ("ro", _) => mount.read_only = true,
            ("rw", _) => mount.read_only = false,
            ("z", MountSource::Bind { selinux, .. }) => *selinux = Some(Selinux::Shared),
            ("Z", MountSource::Bind { selinux, .. }) => *selinux = Some(Selinux::Private),
            // A label on a volume changes nothing: the engine labels its own.
            ("z" | "Z", _) => {}
            ("nocopy", MountSource::Volume { no_copy, .. } | MountSource::Anonymous { no_copy }) => *no_copy = true,
            _ => return Err(format!("the option `{option}` of `{text}` is not supported: use ro, rw, z or Z")),
        }
    }
    Ok(mount)
}

fn source(text: Option<&str>) -> Result<MountSource, String> {
    match text {
        None => Ok(MountSource::Anonymous { no_copy: false }),
        Some("") => Err("the source is empty".to_owned()),
        Some(path) if path.starts_with(['/', '.']) => bind(path),
        Some(path) if path.starts_with('~') => bind(path),
        Some(name) if name.contains(['/', '\\']) => {
            Err(format!("`{name}` is neither a volume nor a path: a folder beside this file is ./{name}"))
        }
        Some(name) => Ok(MountSource::Volume { name: name.to_owned(), no_copy: false }),
    }
}

/// The folder is made if it is not there, as compose does.
fn bind(path: &str) -> Result<MountSource, String> {
    if path.starts_with('~') {
        let message = "names somebody's home, and that is not the same for everybody who deploys: write the whole path";
        return Err(format!("`{path}` {message}"));
    }
    Ok(MountSource::Bind { path: path.to_owned(), create: true, selinux: None })
}

fn target(text: &str) -> Result<String, String> {
    match text {
        "/" => Err("nothing can be mounted over the whole of a container: name a folder in it".to_owned()),
        _ if text.starts_with('/') => Ok(text.to_owned()),
        _ => Err(format!("expected an absolute path in the container, such as /data, not `{text}`")),
    }
}

fn long(reader: &mut Reader, node: &Node) -> Option<Mount> {
    let (mut kind, mut source, mut target, mut read_only) = (None, None, None, false);
    let (mut create, mut selinux, mut no_copy, mut size, mut mode) = (true, None, false, None, None);
    // Settings for one type, and where: they must be for the type that is named.
    let mut settings = Vec::new();
    let before = reader.problems.len();
    for (key, value) in reader.fields(node, "volumes") {
        match key.name.as_str() {
            "type" => {
                kind = reader.parsed(value, "type", |text| match text {
                    "bind" | "volume" | "tmpfs" => Ok(text.to_owned()),
                    _ => Err(format!("expected bind, volume or tmpfs, not `{text}`")),
                });
            }
            "source" => source = reader.name(value, "source"),
            "target" => target = reader.parsed(value, "target", self::target),
            "read_only" => read_only = reader.flag(value, "read_only").unwrap_or(false),
            place @ ("bind" | "volume" | "tmpfs") => {
                settings.push(key);
                for (key, value) in reader.fields(value, place) {
                    match (place, key.name.as_str()) {
                        ("bind", "create_host_path") => create = reader.flag(value, "create_host_path").unwrap_or(true),
                        ("bind", "selinux") => selinux = reader.parsed(value, "selinux", self::selinux),
                        ("volume", "nocopy") => no_copy = reader.flag(value, "nocopy").unwrap_or(false),
                        ("tmpfs", "size") => size = reader.parsed(value, "size", limits::bytes),
                        ("tmpfs", "mode") => mode = reader.parsed(value, "mode", self::mode),
                        _ => reader.unknown(key, &format!("`{place}`")),
                    }
                }
            }
            "consistency" => reader.unsupported(key, "it changes nothing on Linux, so remove it"),
            _ => reader.unknown(key, "`volumes`"),
        }
    }
    if before != reader.problems.len() {
        return None;
    }
    let Some((kind, target)) = kind.zip(target) else {
        reader.report(node.at, "an item of `volumes` needs a `type` and a `target`: add what is missing");
        return None;
    };
    for key in settings.into_iter().filter(|key| key.name != kind) {
        reader.report(key.at, format!("`{}` says nothing about a mount of type {kind}: remove it", key.name));
    }
    let source = match (kind.as_str(), source) {
        ("bind", Some(path)) => bind(&path).map(|source| match source {
            MountSource::Bind { path, .. } => MountSource::Bind { path, create, selinux },
            other => other,
        }),
        ("bind", None) => Err("a bind mount needs a `source`: add it".to_owned()),
        ("volume", Some(name)) => Ok(MountSource::Volume { name, no_copy }),
        ("volume", None) => Ok(MountSource::Anonymous { no_copy }),
        (_, Some(_)) => Err("a tmpfs mount has no `source`: remove it".to_owned()),
        (_, None) => Ok(MountSource::Tmpfs { size, mode }),
    };
    match source {
        Ok(source) => Some(Mount { target, read_only, source }),
        Err(message) => {
            reader.report(node.at, message);
            None
        }
    }
}

fn selinux(text: &str) -> Result<Selinux, String> {
    match text {
        "z" => Ok(Selinux::Shared),
        "Z" => Ok(Selinux::Private),
        _ => Err(format!("expected z or Z, not `{text}`")),
    }
}

/// Permission bits. Compose reads `0755` and `0o755` in base 8, and `755` in base 10, which nobody means.
fn mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").or_else(|| text.strip_prefix('0')).filter(|digits| digits.len() <= 4);
    let mode = digits.and_then(|digits| u32::from_str_radix(digits, 8).ok());
    mode.ok_or_else(|| format!("expected permissions such as 0755, not `{text}`"))
}

/// `tmpfs`: `/run` or `/run:size=64m,mode=1777`.
pub(super) fn tmpfs(reader: &mut Reader, node: &Node) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in reader.items_or_one(node, "tmpfs") {
        let parsed = reader.parsed(item, "tmpfs", |text| {
            let (path, options) = text.split_once(':').unwrap_or((text, ""));
            target(path).map(|path| (path, options.to_owned()))
        });
        let Some((path, options)) = parsed else { continue };
        if found.insert(path.clone(), options).is_some() {
            reader.report(item.at, format!("a mount at `{path}` is here twice: keep one of them"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compose, file_problems};
    use super::*;

    fn with(volumes: &str) -> String {
        format!("services:\n  a:\n    image: b\n    {volumes}\nvolumes: {{data: }}\n")
    }

    #[test]
    fn mounts_are_read() {
        let bind = |path: &str| MountSource::Bind { path: path.to_owned(), create: true, selinux: None };
        let volume = |no_copy| MountSource::Volume { name: "data".to_owned(), no_copy };
        for (volumes, target, read_only, source) in [
            ("[/x]", "/x", false, MountSource::Anonymous { no_copy: false }),
            ("[data:/x]", "/x", false, volume(false)),
            ("['data:/x:ro,nocopy']", "/x", true, volume(true)),
            ("[./a/b:/x:rw]", "/x", false, bind("./a/b")),
            ("[../a:/x]", "/x", false, bind("../a")),
            ("[/a:/x:ro]", "/x", true, bind("/a")),
            ("['${NOPE:-.}/a:/x']", "/x", false, bind("./a")),
            (
                "[./a:/x:z]",
                "/x",
                false,
                MountSource::Bind { path: "./a".to_owned(), create: true, selinux: Some(Selinux::Shared) },
            ),
            ("[data:/x:Z]", "/x", false, volume(false)),
            ("[{type: volume, source: data, target: /x, read_only: true}]", "/x", true, volume(false)),
            ("[{type: volume, source: data, target: /x, volume: {nocopy: true}}]", "/x", false, volume(true)),
            ("[{type: volume, target: /x}]", "/x", false, MountSource::Anonymous { no_copy: false }),
            ("[{type: bind, source: rel, target: /x}]", "/x", false, bind("rel")),
            (
                "[{type: bind, source: /a, target: /x, bind: {create_host_path: false, selinux: Z}}]",
                "/x",
                false,
                MountSource::Bind { path: "/a".to_owned(), create: false, selinux: Some(Selinux::Private) },
            ),
            ("[{type: tmpfs, target: /x}]", "/x", false, MountSource::Tmpfs { size: None, mode: None }),
            (
                "[{type: tmpfs, target: /x, tmpfs: {size: 64m, mode: 01777}}]",
                "/x",
                false,
                MountSource::Tmpfs { size: Some(64 << 20), mode: Some(0o1777) },
            ),
        ] {
            let expected = Mount { target: target.to_owned(), read_only, source };
            assert_eq!(compose(&with(&format!("volumes: {volumes}"))).services["a"].volumes, [expected], "{volumes}");
        }
        assert!(bind("./a").is_relative() && bind("rel").is_relative());
        assert!(!bind("/a").is_relative() && !volume(false).is_relative());
    }

    #[test]
    fn memory_is_mounted() {
        let found = compose(&with("tmpfs: ['/run', '/tmp:size=64m,mode=1777']")).services["a"].tmpfs.clone();
        let expected = [("/run", ""), ("/tmp", "size=64m,mode=1777")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
        assert_eq!(compose(&with("tmpfs: /run")).services["a"].tmpfs.len(), 1);
    }

    #[test]
    fn mistakes_are_told() {
        for (body, expected) in [
            ("volumes: [nope:/x]", "4:15: the volume `nope` is not declared: add it to `volumes`"),
            ("volumes: [{type: volume, source: nope, target: /x}]", "4:15: the volume `nope` is not declared"),
            ("volumes: [~/a:/x]", "4:15: `volumes`: `~/a` names somebody's home"),
            ("volumes: [{type: bind, source: ~/a, target: /x}]", "4:15: `~/a` names somebody's home"),
            ("volumes: [a/b:/x]", "4:15: `volumes`: `a/b` is neither a volume nor a path"),
            ("volumes: [data:x]", "4:15: `volumes`: expected an absolute path in the container"),
            ("volumes: [data:/]", "4:15: `volumes`: nothing can be mounted over"),
            ("volumes: ['C:\\a:/x']", "4:15: `volumes`: expected an absolute path"),
            ("volumes: ['data:/x:ro:z']", "4:15: `volumes`: expected [source:]target[:options]"),
            (
                "volumes: ['data:/x:cached']",
                "4:15: `volumes`: the option `cached` of `data:/x:cached` is not supported",
            ),
            ("volumes: ['data:/x:']", "4:15: `volumes`: the option ``"),
            ("volumes: ['data:/x', './a:/x/']", "4:26: a mount at `/x/` is here twice"),
            ("volumes: [{target: /x}]", "4:15: an item of `volumes` needs a `type`"),
            ("volumes: [{type: npipe, target: /x}]", "4:22: `type`: expected bind, volume or tmpfs"),
            ("volumes: [{type: bind, target: /x}]", "4:15: a bind mount needs a `source`"),
            ("volumes: [{type: tmpfs, source: a, target: /x}]", "4:15: a tmpfs mount has no `source`"),
            (
                "volumes: [{type: tmpfs, target: /x, bind: {selinux: z}}]",
                "4:41: `bind` says nothing about a mount of type tmpfs",
            ),
            (
                "volumes: [{type: bind, source: /a, target: /x, bind: {propagation: rslave}}]",
                "4:59: `propagation` is not a key",
            ),
            (
                "volumes: [{type: tmpfs, target: /x, tmpfs: {mode: 755}}]",
                "4:55: `mode`: expected permissions such as 0755",
            ),
            ("volumes: [{type: volume, target: /x, sauce: y}]", "4:42: `sauce` is not a key"),
            ("volumes: data:/x", "4:14: `volumes` must be a list"),
            ("tmpfs: [/run, /run]", "4:19: a mount at `/run` is here twice"),
            ("tmpfs: run", "4:12: `tmpfs`: expected an absolute path"),
        ] {
            let found = file_problems(&with(body));
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
