//! What `nginx -t` lets through although it breaks traffic. Looks at the text as if somebody else had written it.

use std::collections::BTreeSet;

/// # Errors
/// What is wrong, in a sentence.
pub(super) fn lint(text: &str) -> Result<(), String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    line_ends(&lines)?;
    split_clients(&lines)?;
    upstreams(&lines)?;
    servers(&lines)?;
    keys(&lines)?;
    log(&lines)
}

/// A missing `;` makes nginx swallow the next line without a word.
fn line_ends(lines: &[&str]) -> Result<(), String> {
    let mut depth = 0u32;
    for line in lines {
        if line.ends_with('{') {
            depth += 1;
        } else if *line == "}" {
            depth = depth.checked_sub(1).ok_or("a `}` closes nothing")?;
        } else if !line.ends_with(';') {
            return Err(format!("`{line}` does not end with `;`"));
        }
    }
    if depth == 0 { Ok(()) } else { Err(format!("{depth} blocks are not closed")) }
}

/// The lines inside each block whose first word is this one, with the block's first line.
fn blocks<'a>(lines: &[&'a str], word: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut depth = 0usize;
    for line in lines {
        if depth == 0 {
            if line.ends_with('{') && line.split_whitespace().next() == Some(word) {
                found.push((line, Vec::new()));
                depth = 1;
            }
            continue;
        }
        if line.ends_with('{') {
            depth += 1;
        } else if *line == "}" {
            depth -= 1;
        }
        if depth > 0
            && let Some((_, inside)) = found.last_mut()
        {
            inside.push(line);
        }
    }
    found
}

/// 99 parts of one percent and the rest: without the rest, a request would get no number and no slot.
fn split_clients(lines: &[&str]) -> Result<(), String> {
    let blocks = blocks(lines, "split_clients");
    let [(_, parts)] = blocks.as_slice() else {
        return Err(format!("there are {} split_clients blocks instead of one", blocks.len()));
    };
    let wanted = (0..99).map(|n| format!("1% {n};")).chain([String::from("* 99;")]);
    if parts.iter().map(|part| (*part).to_owned()).eq(wanted) {
        return Ok(());
    }
    Err(String::from("split_clients does not give each session one number from 0 to 99, with `*` for the last"))
}

/// nginx takes an upstream whose only server is down, and answers 502.
fn upstreams(lines: &[&str]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for (head, inside) in blocks(lines, "upstream") {
        names.insert(head.trim_start_matches("upstream ").trim_end_matches(" {").to_owned());
        let servers: Vec<_> = inside.iter().filter(|line| line.starts_with("server ")).collect();
        let [server] = servers.as_slice() else {
            return Err(format!("`{head}` has {} servers instead of one", servers.len()));
        };
        if server.contains(" down") || server.contains(" backup") {
            return Err(format!("the server of `{head}` would not be used"));
        }
    }
    for line in lines.iter().filter(|line| line.starts_with("proxy_pass ")) {
        let (name, _) = line.trim_start_matches("proxy_pass http://").split_once(".$").unwrap_or((line, ""));
        for slot in ["blue", "green"] {
            if !names.contains(&format!("{name}.{slot}")) {
                return Err(format!("`{line}` has no upstream for {slot}"));
            }
        }
    }
    Ok(())
}

/// Without the question to the dial all traffic would go to one slot; with a cached one, to the old slot for a while.
fn servers(lines: &[&str]) -> Result<(), String> {
    let servers = blocks(lines, "server");
    if servers.len() < 2 {
        return Err(String::from("there is no public server or no admin server"));
    }
    for (_, inside) in servers {
        let name = inside.iter().find(|line| line.starts_with("server_name ")).ok_or("a server has no name")?;
        for wanted in ["listen ", "if (-f ", "open_file_cache off;"] {
            if !inside.iter().any(|line| line.starts_with(wanted)) {
                return Err(format!("the server `{name}` lacks `{}`", wanted.trim_end()));
            }
        }
    }
    Ok(())
}

/// What a client says goes into the name of a file: only after a map that lets nothing through but a key.
fn keys(lines: &[&str]) -> Result<(), String> {
    let maps = blocks(lines, "map");
    let checked = |name: &str| {
        maps.iter().any(|(head, inside)| {
            head.split_whitespace().nth(2) == Some(name)
                && inside.len() == 2
                && inside[0] == "default none;"
                && inside[1].starts_with("\"~^[0-9a-f]{64}$\" ")
        })
    };
    for line in lines.iter().filter(|line| line.starts_with("if (-f ") && line.contains("/door/")) {
        let name = line.trim_end_matches(") {").rsplit('/').next().unwrap_or_default();
        if !checked(name) {
            return Err(format!("`{line}` looks for whatever a client says"));
        }
    }
    Ok(())
}

/// Inside a server, our log would take the place of the user's own. Without its condition, it would tell of every site
/// that this nginx serves.
fn log(lines: &[&str]) -> Result<(), String> {
    let inside: Vec<&str> = blocks(lines, "server").into_iter().flat_map(|(_, inside)| inside).collect();
    if let Some(line) = inside.iter().find(|line| line.starts_with("access_log ") && **line != "access_log off;") {
        return Err(format!("`{line}` stands inside a server"));
    }
    let outside = lines.iter().filter(|line| line.starts_with("access_log ") && !inside.contains(line));
    let [ours] = outside.collect::<Vec<_>>()[..] else {
        return Err(String::from("there is not one `access_log` outside the servers"));
    };
    let condition = ours.trim_end_matches(';').split_once(" if=").map_or("", |(_, condition)| condition);
    let maps = blocks(lines, "map");
    let map = maps.iter().find(|(head, _)| *head == format!("map $proxy_host {condition} {{"));
    match map {
        Some((_, inside))
            if inside.len() == 2 && inside[0] == "default 0;" && inside[1].starts_with("\"~^crossfade_") =>
        {
            Ok(())
        }
        _ => Err(format!("`{ours}` would tell of more than this application")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::{Found, render};
    use super::super::settings::tests::{route, settings};
    use super::lint;
    use rollout::application::StickyBy;

    #[test]
    fn what_nginx_lets_through_is_found() {
        let good = render(&settings("shop", StickyBy::Cookie), &[route("api", &["a.b"], 3000)], &Found::default())
            .unwrap()
            .text;
        assert_eq!(lint(&good), Ok(()));
        for (from, to, why) in [
            ("    * 99;\n", "", "split_clients does not give"),
            ("    1% 42;\n", "    1% 42\n", "`1% 42` does not end"),
            ("    1% 42;\n", "    2% 42;\n", "split_clients does not give"),
            ("    1% 42;\n", "    1% 41;\n", "split_clients does not give"),
            ("127.0.0.1:3001 max_fails=0", "127.0.0.1:3001 max_fails=0 down", "would not be used"),
            ("127.0.0.1:3001 max_fails=0", "127.0.0.1:3001 backup", "would not be used"),
            ("    server 127.0.0.1:3001 max_fails=0;\n", "", "has 0 servers"),
            ("upstream crossfade_shop.api.green", "upstream crossfade_shop.api.gren", "no upstream for green"),
            ("    open_file_cache off;\n", "", "lacks `open_file_cache off;`"),
            ("    server_name a.b;\n", "", "a server has no name"),
            ("access_log syslog", "# access_log syslog", "not one `access_log`"),
            (" if=$crossfade_shop_logged", "", "would tell of more"),
            ("    default 0;\n", "    default 1;\n", "would tell of more"),
            ("map $proxy_host", "map $host", "would tell of more"),
            ("    server_name a.b;\n", "    server_name a.b;\n    access_log /x;\n", "inside a server"),
            (
                "    default none;\n    \"~^[0-9a-f]{64}$\"",
                "    default none;\n    \"~^[0-9a-f/.]{64}$\"",
                "whatever a client",
            ),
            ("/door/green/$crossfade_shop_key", "/door/green/$http_x_crossfade_door", "whatever a client"),
            (
                "        set $crossfade_shop_slot green;\n    }\n",
                "        set $crossfade_shop_slot green;\n",
                "not closed",
            ),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from:?} is not in the file");
            let said = lint(&bad).expect_err(from);
            assert!(said.contains(why), "{from:?}: {said}");
        }
    }
}
