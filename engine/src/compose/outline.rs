//! What a compose file has, told even where Crossfade could not run it: for guesses, never for a rollout.

use super::interpolate::interpolate;
use super::model::{MountSource, Protocol};
use super::names::Names;
use super::problem::Problem;
use super::reader::Reader;
use super::tree::{self, Node, Value};
use super::variables::Variables;
use super::{mounts, ports, settings};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A compose file at a glance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    pub name: Option<String>,
    /// In the order of the file.
    pub services: Vec<Sketch>,
}

/// A service at a glance. What could not be understood is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    pub name: String,
    /// Where the image is named, or else where the service is.
    pub line: usize,
    /// As it is written, with its variables.
    pub image: Option<String>,
    /// TCP ports in the container that the machine publishes.
    pub ports: Vec<u16>,
    /// Ports that other containers reach.
    pub expose: Vec<u16>,
    /// Whether it keeps something in a named volume.
    pub keeps: bool,
    pub command: Vec<String>,
    /// The health check's command, on one line.
    pub check: String,
    pub depends_on: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// It names profiles: `docker compose up` leaves it out, and so does Crossfade.
    pub left_out: bool,
}

/// Sketches a compose file. A variable that is not set stands in as `1`.
///
/// # Errors
/// When it is not YAML, or not a mapping with services: what is wrong, with its place.
pub fn outline(file: &str, text: &str, variables: &Variables) -> Result<Outline, Vec<Problem>> {
    let (root, mut problems) = tree::parse(file, text);
    let entries = root.as_ref().and_then(|root| field(root, "services")).and_then(|services| match &services.value {
        Value::Map(entries) if !entries.is_empty() => Some(entries),
        _ => None,
    });
    let Some(entries) = entries else {
        if problems.is_empty() {
            let message = "there are no `services`: this is not a compose file";
            problems.push(Problem { file: file.to_owned(), line: 1, column: 1, message: message.to_owned() });
        }
        return Err(problems);
    };
    let services = entries.iter().map(|(key, node)| sketch(&key.name, key.at.line, node, variables)).collect();
    let name = root.as_ref().and_then(|root| field(root, "name")).and_then(scalar).map(|text| filled(text, variables));
    Ok(Outline { name, services })
}

impl Sketch {
    /// The variables that say which tag of its image it is, in the order of the text.
    pub fn tag_variables(&self) -> Vec<String> {
        /// No image has this in its name.
        const PROBE: &str = "crossfade-probe";
        let Some(image) = &self.image else { return Vec::new() };
        let names = RefCell::new(Vec::new());
        let _ = interpolate(image, &|name| {
            names.borrow_mut().push(name.to_owned());
            None
        });
        let mut names = names.into_inner();
        names.retain(|name| {
            let told = interpolate(image, &|asked| {
                let value = if asked == name { PROBE } else { "x" };
                Some(value.to_owned())
            });
            told.is_ok_and(|image| tag(&image).is_some_and(|tag| tag.contains(PROBE)))
        });
        names
    }

    /// The last word of its image's name, without registry and tag: `postgres` of `docker.io/library/postgres:16`.
    pub fn image_word(&self) -> &str {
        let image = self.image.as_deref().unwrap_or_default();
        let last = image.rsplit('/').next().unwrap_or(image);
        last.split([':', '@', '$']).next().unwrap_or(last)
    }
}

/// What stands behind an image's name.
pub fn tag(image: &str) -> Option<&str> {
    image.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
}

fn sketch(name: &str, line: usize, node: &Node, variables: &Variables) -> Sketch {
    let mut sketch = Sketch { name: name.to_owned(), line, ..Sketch::default() };
    if let Some(image) = field(node, "image") {
        sketch.image = scalar(image).map(str::to_owned);
        sketch.line = image.at.line;
    }
    let node = with_values(node, variables);
    let nothing = Variables::default();
    let no_files = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    // What it reports is reported again, and better, when the file is read for good.
    let mut reader = Reader { file: "", variables: &nothing, env_files: &no_files, problems: Vec::new() };
    let none = BTreeSet::new;
    let names = Names { services: none(), left_out: none(), networks: none(), volumes: none() };
    let Value::Map(entries) = &node.value else { return sketch };
    for (key, value) in entries {
        match key.name.as_str() {
            "ports" => {
                let tcp = ports::ports(&mut reader, value).into_iter().filter(|port| port.protocol == Protocol::Tcp);
                sketch.ports = tcp.map(|port| port.target).collect();
            }
            "expose" => sketch.expose = ports::expose(&mut reader, value),
            "volumes" => {
                let mounts = mounts::mounts(&mut reader, value, &names);
                sketch.keeps = mounts.iter().any(|mount| matches!(mount.source, MountSource::Volume { .. }));
            }
            "command" => sketch.command = settings::command(&mut reader, value, "command").unwrap_or_default(),
            "healthcheck" => sketch.check = field(value, "test").map(|test| words(test).join(" ")).unwrap_or_default(),
            "depends_on" => sketch.depends_on = names_in(value),
            "environment" => sketch.environment = reader.pairs(value, "environment"),
            "labels" => sketch.labels = reader.pairs(value, "labels"),
            "profiles" => sketch.left_out = !words(value).is_empty(),
            _ => {}
        }
    }
    sketch
}

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.text.is_empty() => Some(&scalar.text),
        _ => None,
    }
}

/// A text, or the texts of a list.
fn words(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(scalar).collect(),
        _ => scalar(node).into_iter().collect(),
    }
}

fn names_in(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, _)| key.name.clone()).collect(),
        _ => words(node).into_iter().map(str::to_owned).collect(),
    }
}

/// The same tree with every variable replaced, so that reading it finds none.
fn with_values(node: &Node, variables: &Variables) -> Node {
    let mut node = node.clone();
    match &mut node.value {
        Value::Scalar(scalar) => {
            scalar.text = filled(&scalar.text, variables).replace('$', "$$");
            scalar.dollars.clear();
        }
        Value::List(items) => items.iter_mut().for_each(|item| *item = with_values(item, variables)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| *value = with_values(value, variables)),
    }
    node
}

/// The text with its variables replaced; where one is needed and not set, `1` stands in for all that are not.
fn filled(text: &str, variables: &Variables) -> String {
    let set = |name: &str| variables.get(name).map(str::to_owned);
    interpolate(text, &set)
        .or_else(|_| interpolate(text, &|name| set(name).or_else(|| Some("1".to_owned()))))
        .unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Sketch {
        let text = format!("services:\n  web:\n    {text}\n");
        outline("f", &text, &Variables::default()).unwrap().services.remove(0)
    }

    #[test]
    fn a_file_is_sketched_whatever_else_is_wrong_with_it() {
        let sketch = of("image: shop/web:${TAG}\n    build: .\n    privileged: true\n    \
             ports: ['${OUT}:3000', '53:53/udp', '${A:-1}:${B:-81}']\n    expose: [9000]\n    \
             volumes: ['up:/srv/up', './x:/x']\n    command: npm run start\n    \
             healthcheck: {test: [CMD, curl, -f, 'http://localhost:3000/up']}\n    \
             depends_on: {db: {condition: service_healthy}}\n    \
             environment: [VIRTUAL_HOST=shop.example.com, 'SECRET=${SECRET}']\n    labels: {a: b}");
        assert_eq!((sketch.line, sketch.image.as_deref()), (3, Some("shop/web:${TAG}")));
        assert_eq!((sketch.ports, sketch.expose, sketch.keeps), (vec![3000, 81], vec![9000], true));
        assert_eq!(sketch.command, ["npm", "run", "start"]);
        assert_eq!(sketch.check, "CMD curl -f http://localhost:3000/up");
        assert_eq!(sketch.depends_on, ["db"]);
        assert_eq!(sketch.environment["VIRTUAL_HOST"], "shop.example.com");
        assert_eq!(sketch.labels["a"], "b");
        let bare = of("build: .\n    profiles: [tools]\n    depends_on: [a, b]\n    volumes: ['./a:/a', '/b']");
        assert_eq!((bare.line, bare.image, bare.left_out, bare.keeps), (2, None, true, false));
        assert_eq!(bare.depends_on, ["a", "b"]);
    }

    #[test]
    fn what_is_no_compose_file_is_told() {
        for (text, expected) in [
            ("", "f:1:1: there are no `services`"),
            ("a: 1", "f:1:1: there are no `services`"),
            ("services:", "f:1:1: there are no `services`"),
            ("a: b: c", "f:1:5: this is not YAML"),
        ] {
            let found = outline("f", text, &Variables::default()).unwrap_err();
            assert!(found[0].to_string().starts_with(expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn the_variable_of_a_tag_is_found() {
        for (image, variables) in [
            ("shop/web:${VERSION}", &["VERSION"][..]),
            ("${REGISTRY:-localhost:5000}/shop/web:${TAG:-latest}", &["TAG"]),
            ("$REGISTRY/web:v$TAG-alpine", &["TAG"]),
            ("web:${A}-${B}", &["A", "B"]),
            ("web:${TAG:-${VERSION}}", &["TAG"]),
            ("${WEB_IMAGE}", &[]),
            ("${REGISTRY}/web:1.2", &[]),
            ("localhost:5000/web", &[]),
            ("postgres:16", &[]),
            ("web:${", &[]),
        ] {
            let sketch = Sketch { image: Some(image.to_owned()), ..Sketch::default() };
            assert_eq!(sketch.tag_variables(), variables, "{image}");
        }
        for (image, word) in [("docker.io/library/postgres:16", "postgres"), ("redis", "redis"), ("a/b@sha256:c", "b")]
        {
            assert_eq!(Sketch { image: Some(image.to_owned()), ..Sketch::default() }.image_word(), word);
        }
    }
}
