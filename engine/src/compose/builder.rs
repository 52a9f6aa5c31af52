//! From the events of the YAML parser to a tree.
//!
//! Not with the parser's own loader, which drops the first of two equal keys, recurses once per level (a line of
//! brackets overflows the stack) and copies aliases without limit.

use super::problem::{Mark, Problem};
use super::source::Source;
use super::tree::{Key, Node, Scalar, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// Far above any compose file; below what would hurt.
const DEEPEST: usize = 64;
const MOST_NODES: usize = 100_000;
const MOST_BYTES: usize = 1 << 20;

pub(super) struct Builder<'a> {
    file: &'a str,
    source: Source,
    open: Vec<Open>,
    root: Option<Node>,
    /// With the number of nodes in each.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    problems: Vec<Problem>,
}

/// A list or mapping whose end has not come yet.
struct Open {
    at: Mark,
    anchor: usize,
    /// `Builder::nodes` before it.
    nodes_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, names: HashMap<String, Mark>, pending: Option<Pending>, merged: Vec<Node> },
}

/// The key whose value comes next.
enum Pending {
    Key(Key),
    Merge,
    /// Already reported.
    Refused,
}

/// What makes the rest of the file unreadable.
type Fatal = Box<Problem>;

impl<'a> Builder<'a> {
    pub fn new(file: &'a str, text: &str) -> Builder<'a> {
        let source = Source::new(text);
        Builder { file, source, open: vec![], root: None, anchors: HashMap::new(), nodes: 0, problems: vec![] }
    }

    /// Builds the tree of `text`: whenever enough was understood to look for more problems in it.
    pub fn build(mut self, text: &str) -> (Option<Node>, Vec<Problem>) {
        match self.document(text) {
            Ok(()) => (self.root, self.problems),
            Err(problem) => {
                self.problems.push(*problem);
                (None, self.problems)
            }
        }
    }

    fn document(&mut self, text: &str) -> Result<(), Fatal> {
        if text.len() > MOST_BYTES {
            return Err(self.fatal(Mark::START, format!("the file is larger than {MOST_BYTES} bytes")));
        }
        // The parser takes a NUL for the end of the file.
        if let Some(at) = self.source.control {
            return Err(self.fatal(at, "a control character: YAML is text, and allows none here"));
        }
        let mut documents = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let (at, message) = self.source.explain(&error);
                self.fatal(at, message)
            })?;
            let at = mark(span);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let message =
                            "a second document begins here: a compose file is one document, so split the file";
                        return Err(self.fatal(at, message));
                    }
                }
                Event::StreamEnd => {
                    if let Some(at) = self.source.unread(span.end.index()) {
                        return Err(self.fatal(at, "this is not YAML: nothing after this place was understood"));
                    }
                }
                other => self.node_event(other, span, at)?,
            }
        }
        Ok(())
    }

    fn node_event(&mut self, event: Event<'_>, span: Span, at: Mark) -> Result<(), Fatal> {
        match event {
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_ref(), at);
                self.open(at, anchor, Content::List(vec![]))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_ref(), at);
                let (entries, merged) = (vec![], vec![]);
                self.open(at, anchor, Content::Map { entries, names: HashMap::new(), pending: None, merged })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                if !is_text {
                    self.refuse_tag(tag.as_ref(), at);
                }
                self.count(1, at)?;
                let dollars = self.source.dollars(span, &text);
                let plain = style == ScalarStyle::Plain && !is_text;
                let value = Value::Scalar(Scalar { text: text.into_owned(), plain, dollars });
                self.deliver(Node { at, value }, anchor, 1)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, size)) => {
                    let (node, size) = (node.clone(), *size);
                    self.count(size, at)?;
                    self.deliver(node, 0, size)
                }
                None => Err(self.fatal(at, "this alias stands inside its own anchor")),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, at: Mark, anchor: usize, content: Content) -> Result<(), Fatal> {
        if self.open.len() >= DEEPEST {
            return Err(self.fatal(at, format!("more than {DEEPEST} lists and mappings inside each other")));
        }
        let nodes_before = self.nodes;
        self.count(1, at)?;
        self.open.push(Open { at, anchor, nodes_before, content });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fatal> {
        let Some(Open { at, anchor, nodes_before, content }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map { mut entries, names, merged, .. } => {
                self.merge(&mut entries, names.into_keys().collect(), merged);
                Value::Map(entries)
            }
        };
        let size = self.nodes - nodes_before;
        self.deliver(Node { at, value }, anchor, size)
    }

    /// Puts a finished node where it belongs.
    fn deliver(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Fatal> {
        if anchor > 0 {
            self.count(size, node.at)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, names, pending, merged }) => match pending.take() {
                None => {
                    let (key, problem) = key(node, names);
                    *pending = Some(key);
                    if let Some((at, message)) = problem {
                        self.report(at, message);
                    }
                }
                Some(Pending::Key(key)) => entries.push((key, node)),
                Some(Pending::Merge) => merged.push(node),
                Some(Pending::Refused) => {}
            },
        }
        Ok(())
    }

    /// `<<`: the mapping's own keys win over what is merged in, and of that the first wins.
    fn merge(&mut self, entries: &mut Vec<(Key, Node)>, mut names: BTreeSet<String>, merged: Vec<Node>) {
        let expected = "`<<` takes a mapping or a list of mappings, such as an alias *name";
        let mut sources = Vec::new();
        for node in merged {
            match node.value {
                Value::List(items) => sources.extend(items),
                _ => sources.push(node),
            }
        }
        for source in sources {
            match source.value {
                Value::Map(more) => entries.extend(more.into_iter().filter(|(key, _)| names.insert(key.name.clone()))),
                _ => self.report(source.at, expected),
            }
        }
    }

    fn count(&mut self, more: usize, at: Mark) -> Result<(), Fatal> {
        self.nodes += more;
        if self.nodes > MOST_NODES {
            return Err(self.fatal(at, format!("more than {MOST_NODES} values, aliases counted: this is too much")));
        }
        Ok(())
    }

    fn refuse_tag(&mut self, tag: Option<&Cow<'_, Tag>>, at: Mark) {
        if let Some(tag) = tag {
            let tag = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
            self.report(at, format!("the tag {tag} is not supported: remove it"));
        }
    }

    fn report(&mut self, at: Mark, message: impl Into<String>) {
        self.problems.push(Problem::new(self.file, at, message));
    }

    fn fatal(&self, at: Mark, message: impl Into<String>) -> Fatal {
        Box::new(Problem::new(self.file, at, message))
    }
}

/// Turns a node that stands where a key is wanted into one; checked against the keys before it.
fn key(node: Node, names: &mut HashMap<String, Mark>) -> (Pending, Option<(Mark, String)>) {
    let at = node.at;
    let Value::Scalar(Scalar { text, plain, .. }) = node.value else {
        return (Pending::Refused, Some((at, "a key must be text, not a list or a mapping".to_owned())));
    };
    if let Some(first) = names.get(&text) {
        let advice = if text == "<<" { "write one `<<: [*a, *b]`" } else { "keep one of them" };
        let message = format!("`{text}` is here twice: it is on line {} already, so {advice}", first.line);
        return (Pending::Refused, Some((at, message)));
    }
    names.insert(text.clone(), at);
    let pending = if plain && text == "<<" { Pending::Merge } else { Pending::Key(Key { name: text, at }) };
    (pending, None)
}

/// The parser counts lines from 1 and columns from 0.
fn mark(span: Span) -> Mark {
    Mark { line: span.start.line(), column: span.start.col() + 1 }
}
