//! YAML text to a tree whose every node knows its place.

use super::builder::Builder;
use super::problem::{Mark, Problem};

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub at: Mark,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the file; what `<<` brings in comes last.
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub text: String,
    /// Not in quotes, not a block: may be a number, true, false or null.
    pub plain: bool,
    /// Where each `$` of `text` stands. Empty when that cannot be told (`"\x24"`).
    pub dollars: Vec<Mark>,
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub name: String,
    pub at: Mark,
}

/// Reads one YAML document. The tree is there whenever enough was understood to look for more problems in it.
pub(super) fn parse(file: &str, text: &str) -> (Option<Node>, Vec<Problem>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Builder::new(file, text).build(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree on one line, without places.
    fn show(node: &Node) -> String {
        match &node.value {
            Value::Scalar(Scalar { text, plain: true, .. }) => text.clone(),
            Value::Scalar(scalar) => format!("{:?}", scalar.text),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", key.name, show(value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn read(text: &str) -> Result<String, Vec<String>> {
        match parse("f", text) {
            (Some(node), problems) if problems.is_empty() => Ok(show(&node)),
            (_, problems) => Err(problems.iter().map(Problem::to_string).collect()),
        }
    }

    #[test]
    fn documents_become_trees() {
        for (text, tree) in [
            ("a: 1\nb:\n  - x\n  - 'y'\n", "{a: 1, b: [x, \"y\"]}"),
            ("---\na: !!str 1\n...\n", "{a: \"1\"}"),
            ("\u{feff}a:\r\n  b: c\r\n", "{a: {b: c}}"),
            ("a: &x [1, &y {b: c}]\nd: *x\ne: *y", "{a: [1, {b: c}], d: [1, {b: c}], e: {b: c}}"),
            (
                "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 5}",
                "{x: {a: 1, b: 2}, y: {b: 3, c: 4}, z: {a: 5, b: 2, c: 4}}",
            ),
            ("x: &x\n  a: 1\ny: &y\n  <<: *x\n  b: 2\nz:\n  <<: *y\n", "{x: {a: 1}, y: {b: 2, a: 1}, z: {b: 2, a: 1}}"),
            ("z:\n  <<: {a: 1}\n  b: 2 # end", "{z: {b: 2, a: 1}}"),
            ("z: {'<<': 1}", "{z: {<<: 1}}"),
            ("a: |\n  one\n  two\n\n\n# comment\n", "{a: \"one\\ntwo\\n\"}"),
            ("a:\nb: ~\n", "{a: ~, b: ~}"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(tree), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_document_is_told_with_its_place() {
        for (text, problems) in [
            ("a: 1\nb: 2\na: 3\n", vec!["f:3:1: `a` is here twice: it is on line 1 already"]),
            (
                "a:\n  <<: {b: 1}\n  <<: {c: 1}\n",
                vec!["f:3:3: `<<` is here twice: it is on line 2 already, so write one"],
            ),
            ("a: {<<: 1, b: 2}", vec!["f:1:9: `<<` takes a mapping"]),
            ("a: {<<: [{b: 1}, 3]}", vec!["f:1:18: `<<` takes a mapping"]),
            ("[a]: 1\nb: 1\nb: 2\n", vec!["f:1:1: a key must be text", "f:3:1: `b` is here twice"]),
            ("a: 1\n---\nb: 2\n", vec!["f:2:1: a second document"]),
            ("a:\n\tb: 1\n", vec!["f:2:1: a tab indents this line"]),
            ("a:\n  b: 1\n\tc: 2\n", vec!["f:3:1: a tab indents this line"]),
            ("a: b: c\n", vec!["f:1:5: this is not YAML: mapping values are not allowed"]),
            ("a: *x\n", vec!["f:1:4: this is not YAML: while parsing node, found unknown anchor"]),
            ("a: &x [*x]\n", vec!["f:1:8: this alias stands inside its own anchor"]),
            ("é: 'x\n", vec!["f:1:4: this is not YAML: while scanning a quoted"]),
            ("a: \u{0}b\nc: d\n", vec!["f:1:4: a control character"]),
            (
                "a: !reset null\nb: !!int 1\n",
                vec!["f:1:11: the tag !reset is not supported", "f:2:10: the tag !!int is not"],
            ),
        ] {
            let found = read(text).unwrap_err();
            assert_eq!(found.len(), problems.len(), "{text}: {found:?}");
            for (found, expected) in found.iter().zip(problems) {
                assert!(found.starts_with(expected), "{text}: {found}");
            }
        }
    }

    #[test]
    fn hostile_files_are_refused() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let aliases = vec![format!("*a{}", i - 1); 10].join(", ");
            laughs.push_str(&format!("a{i}: &a{i} [{aliases}]\n"));
        }
        for (text, message) in [
            ("[".repeat(200), "inside each other"),
            ("[".repeat(100_000), "recursion limit"),
            ("{a: ".repeat(100_000), "recursion limit"),
            ("- ".repeat(100_000), "inside each other"),
            (laughs, "too much"),
            ("a: b\n".repeat(300_000), "larger than"),
        ] {
            let found = read(&text).unwrap_err();
            assert!(found[0].contains(message), "{found:?}");
        }
    }

    #[test]
    fn every_dollar_has_its_place() {
        let text = "é: ['$A', \"\\u00e9$B\", c$C]\nd: |\n  x\n  $D\ne: >-\n  a $E\n  b $F\ng: one\n   $G\n";
        let (root, problems) = parse("f", text);
        assert_eq!(problems, []);
        let mut found = Vec::new();
        let mut left = vec![root.unwrap()];
        while let Some(node) = left.pop() {
            match node.value {
                Value::Scalar(scalar) => found.extend(scalar.dollars.iter().map(|at| (at.line, at.column))),
                Value::List(items) => left.extend(items),
                Value::Map(entries) => left.extend(entries.into_iter().map(|(_, value)| value)),
            }
        }
        found.sort();
        assert_eq!(found, [(1, 6), (1, 18), (1, 24), (4, 3), (6, 5), (7, 5), (9, 4)]);
    }
}
