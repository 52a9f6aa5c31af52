//! Where the user's own servers include our snippets, by what `nginx -T` prints.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// A `server { }` of nginx's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    file: PathBuf,
    line: usize,
    names: Vec<String>,
    is_default: bool,
    has_tls: bool,
    /// The names of the files that it includes, also by way of others.
    includes: BTreeSet<String>,
}

/// A host that does not come to us, and the server that has it instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is to be included.
    pub snippet: PathBuf,
    pub host: String,
    /// Where: file and line of the host's server, if there is one.
    pub server: Option<(PathBuf, usize)>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, snippet) = (&self.host, self.snippet.display());
        match &self.server {
            Some((file, line)) => write!(
                f,
                "the server of {host}, {}:{line}, does not include Crossfade's part: write `include {snippet};` into it, in \
                 place of its `location /`",
                file.display()
            ),
            None => write!(
                f,
                "no server of nginx's has the name {host}: write one, with `listen`, `server_name {host};`, the \
                 certificates if it is to have TLS, and `include {snippet};`"
            ),
        }
    }
}

/// The servers of `http`, with what they include. `files` are those of `nginx -T`, the main one first.
pub(super) fn servers(files: &[(PathBuf, String)]) -> Vec<Server> {
    let Some((main, _)) = files.first() else { return Vec::new() };
    let mut walk = Walk { files, prefix: main.parent().unwrap_or(Path::new("/")), servers: Vec::new() };
    walk.file(main, &Context::Top, 0);
    walk.servers
}

/// The first host of these whose server does not include the snippet. Otherwise, the files whose servers do.
pub(super) fn check(servers: &[Server], snippet: &Path, hosts: &[String]) -> Result<BTreeSet<PathBuf>, Missing> {
    let name = snippet.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let includes = |server: &&Server| server.includes.contains(&name);
    for host in hosts {
        let named: Vec<&Server> = servers.iter().filter(|server| server.is_named(host)).collect();
        let reached = if named.is_empty() {
            // Those that take what nobody else has.
            servers.iter().filter(includes).any(|server| server.may_have(host))
        } else {
            named.iter().copied().any(|server| includes(&server))
        };
        if !reached {
            let likely = named.iter().find(|server| server.has_tls).or(named.first());
            let server = likely.map(|server| (server.file.clone(), server.line));
            return Err(Missing { snippet: snippet.to_owned(), host: host.clone(), server });
        }
    }
    Ok(servers.iter().filter(includes).map(|server| server.file.clone()).collect())
}

impl Server {
    /// As nginx compares names that are no regular expressions.
    fn is_named(&self, host: &str) -> bool {
        self.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            if name == host {
                return true;
            }
            if let Some(domain) = name.strip_prefix('.') {
                return host == domain || host.ends_with(&name);
            }
            if let Some(end) = name.strip_prefix('*') {
                return host.ends_with(end) && host.len() > end.len();
            }
            name.strip_suffix('*').is_some_and(|start| !start.is_empty() && host.starts_with(start))
        })
    }

    fn may_have(&self, _host: &str) -> bool {
        self.is_default || self.names.iter().any(|name| name == "_" || name.starts_with('~'))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    Top,
    Http,
    /// The server with this number.
    Server(usize),
}

struct Walk<'a> {
    files: &'a [(PathBuf, String)],
    /// Where relative paths start: the main file's folder.
    prefix: &'a Path,
    servers: Vec<Server>,
}

/// Files that include each other deeper than this are a circle, which nginx refuses.
const DEEPEST: usize = 16;

impl Walk<'_> {
    fn file(&mut self, path: &Path, context: &Context, depth: usize) {
        let Some((path, text)) = self.files.iter().find(|(known, _)| known == path) else { return };
        for statement in statements(text) {
            self.statement(path, &statement, context, depth);
        }
    }

    fn statement(&mut self, file: &Path, statement: &Statement, context: &Context, depth: usize) {
        let mut words = statement.words.iter().map(String::as_str);
        match (words.next(), &statement.block, context) {
            (Some("include"), None, _) => {
                for pattern in words {
                    self.include(pattern, context, depth);
                }
            }
            (Some("http"), Some(block), Context::Top) => self.block(file, block, &Context::Http, depth),
            (Some("server"), Some(block), Context::Http) => {
                self.servers.push(Server { file: file.to_owned(), line: statement.line, ..Server::default() });
                let context = Context::Server(self.servers.len() - 1);
                self.block(file, block, &context, depth);
            }
            (Some("server_name"), None, Context::Server(at)) => {
                self.servers[*at].names.extend(words.map(str::to_owned));
            }
            (Some("listen"), None, Context::Server(at)) => {
                let words: Vec<&str> = words.collect();
                self.servers[*at].is_default |= words.contains(&"default_server") || words.contains(&"default");
                self.servers[*at].has_tls |= words.contains(&"ssl");
            }
            _ => {}
        }
    }

    fn block(&mut self, file: &Path, block: &[Statement], context: &Context, depth: usize) {
        for statement in block {
            self.statement(file, statement, context, depth);
        }
    }

    fn include(&mut self, pattern: &str, context: &Context, depth: usize) {
        if depth >= DEEPEST {
            return;
        }
        let pattern = self.prefix.join(pattern).display().to_string();
        let matching: Vec<PathBuf> = self
            .files
            .iter()
            .map(|(path, _)| path)
            .filter(|path| matches(&pattern, &path.display().to_string()))
            .cloned()
            .collect();
        for path in matching {
            if let (Context::Server(at), Some(name)) = (context, path.file_name()) {
                self.servers[*at].includes.insert(name.to_string_lossy().into_owned());
            }
            self.file(&path, context, depth + 1);
        }
    }
}

/// Whether a path is meant by a pattern in which `*` and `?` stand for characters other than `/`.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.chars(), path.chars());
    loop {
        let rest = pattern.as_str();
        match (pattern.next(), path.as_str()) {
            (None, rest) => return rest.is_empty(),
            (Some('*'), text) => {
                let ends = text.char_indices().take_while(|(_, c)| *c != '/').map(|(at, c)| at + c.len_utf8());
                return std::iter::once(0).chain(ends).any(|end| matches(&rest[1..], &text[end..]));
            }
            (Some(wanted), _) => match path.next() {
                Some(c) if c == wanted || (wanted == '?' && c != '/') => {}
                _ => return false,
            },
        }
    }
}

/// A directive, with its block if it has one.
#[derive(Debug, Default)]
struct Statement {
    words: Vec<String>,
    line: usize,
    block: Option<Vec<Statement>>,
}

/// nginx's own grammar: words, `;`, blocks, quotes, comments. A text that ends too soon is read as far as it goes.
fn statements(text: &str) -> Vec<Statement> {
    let mut open: Vec<(Statement, Vec<Statement>)> = Vec::new();
    let mut here: Vec<Statement> = Vec::new();
    let mut statement = Statement::default();
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            ';' => here.extend(Some(std::mem::take(&mut statement)).filter(|statement| !statement.words.is_empty())),
            '{' => open.push((std::mem::take(&mut statement), std::mem::take(&mut here))),
            '}' => {
                if let Some((mut outer, around)) = open.pop() {
                    outer.block = Some(std::mem::replace(&mut here, around));
                    here.push(outer);
                }
                statement = Statement::default();
            }
            first => {
                if statement.words.is_empty() {
                    statement.line = line;
                }
                let mut word = String::new();
                if first == '"' || first == '\'' {
                    while let Some(c) = chars.next().filter(|c| *c != first) {
                        line += usize::from(c == '\n');
                        word.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
                    }
                } else {
                    word.push(first);
                    // `${name}` is part of a word.
                    while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != ';' && *c != '{') {
                        word.push(c);
                        if c == '$' && chars.peek() == Some(&'{') {
                            word.extend(chars.next());
                        }
                    }
                }
                statement.words.push(word);
            }
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNIPPET: &str = "/etc/nginx/conf.d/crossfade-shop.web.server";

    fn files(site: &str) -> Vec<(PathBuf, String)> {
        let main = "user www-data;\nevents { }\nhttp {\n  # include /never;\n  include mime.types;\n  \
                    include sites-enabled/*; include \"/etc/nginx/conf.d/*.conf\";\n  \
                    log_format a '{\"x\": \"$host\"}';\n}\n";
        [
            ("/etc/nginx/nginx.conf", main),
            ("/etc/nginx/sites-enabled/shop", site),
            ("/etc/nginx/snippets/all.inc", "include conf.d/crossfade-shop.web.server;"),
            (SNIPPET, "set $x 1; location / { proxy_pass http://$y; }"),
            ("/etc/nginx/conf.d/crossfade-shop.conf", "server { listen 127.0.0.1:1; server_name crossfade-admin; }"),
        ]
        .map(|(path, text)| (PathBuf::from(path), text.to_owned()))
        .to_vec()
    }

    fn look(site: &str, hosts: &[&str]) -> Result<BTreeSet<PathBuf>, Missing> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        check(&servers(&files(site)), Path::new(SNIPPET), &hosts)
    }

    #[test]
    fn an_include_is_found_wherever_it_stands() {
        for site in [
            "server { listen 443 ssl; server_name a.b; include /etc/nginx/conf.d/crossfade-shop.web.server; }",
            "server {\n  server_name x a.b;\n  include conf.d/crossfade-*.server;\n}",
            "server { include snippets/all.inc; location /x { return 200 \"}\"; } server_name A.B; }",
            "server { server_name *.b; include snippets/all.inc; }",
            "server { server_name .b; include snippets/all.inc; }",
            "server { server_name a.*; include snippets/all.inc; }",
            "server { server_name ~^a; include snippets/all.inc; }",
            "server { listen 80 default_server; include snippets/all.inc; }",
            "server { server_name a.b; return 301 https://$host; }\nserver { server_name a.b; include snippets/all.inc; }",
            "server { server_name a.b; if ($x = '{') { return 404; } set $z \"${host};\"; include snippets/all.inc; }",
        ] {
            assert_eq!(look(site, &["a.b"]), Ok([PathBuf::from("/etc/nginx/sites-enabled/shop")].into()), "{site}");
        }
    }

    #[test]
    fn what_is_missing_is_told_with_its_place() {
        let at = |line| Some((PathBuf::from("/etc/nginx/sites-enabled/shop"), line));
        for (site, host, server) in [
            ("", "a.b", None),
            ("server { server_name c.d; include snippets/all.inc; }", "a.b", None),
            ("\nserver {\n server_name a.b;\n}", "a.b", at(2)),
            ("server { server_name a.b; } \nserver { listen 443 ssl; server_name a.b; }", "a.b", at(2)),
            ("server { server_name a.b; # include snippets/all.inc;\n}", "a.b", at(1)),
            ("server { server_name a.b; location / { include snippets/all.inc; } }", "a.b", at(1)),
            ("server { server_name a.b; include snippets/all.inc; } server { server_name c.d; }", "c.d", at(1)),
            // One that has everything else does not have a host that another one names.
            (
                "server { server_name a.b; }\nserver { listen 80 default_server; include snippets/all.inc; }",
                "a.b",
                at(1),
            ),
            ("server { server_name *.b; }", "b", None),
        ] {
            let missing = look(site, &["a.b", host][usize::from(host != "c.d")..]).unwrap_err();
            assert_eq!((missing.host.as_str(), missing.server), (host, server), "{site}");
        }
        let said = look("server { server_name a.b; }", &["a.b"]).unwrap_err().to_string();
        assert!(
            said.contains("/etc/nginx/sites-enabled/shop:1") && said.contains(&format!("`include {SNIPPET};`")),
            "{said}"
        );
    }

    #[test]
    fn hostile_texts_are_read_to_their_end() {
        for text in ["{{{{", "}}}}", "\"", "a {", "${", "server { server_name", "include include.conf;"] {
            let files = [(PathBuf::from("/include.conf"), text.to_owned())];
            assert!(servers(&files).is_empty(), "{text}");
        }
        assert!(!matches("/a/*.conf", "/a/b/c.conf") && matches("/a/*/c?conf", "/a/b/c.conf") && matches("/*", "/"));
    }
}
