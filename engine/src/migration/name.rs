//! Names as PostgreSQL compares them.

use squawk_syntax::SyntaxNode;

/// The parts of a name, schema first.
pub(super) type Name = Vec<String>;

/// The name that a node consists of: what is not quoted is folded to lower case.
pub(super) fn name(node: &SyntaxNode) -> Name {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia() && token.text() != ".")
        .map(|token| part(token.text()))
        .collect()
}

fn part(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use squawk_syntax::SourceFile;
    use squawk_syntax::ast::{AstNode, TableNameRef};

    #[test]
    fn names_are_folded_unless_quoted() {
        for (text, parts) in [
            ("Users", vec!["users"]),
            ("\"Users\"", vec!["Users"]),
            ("Shop . \"Use\"\"rs\"", vec!["shop", "Use\"rs"]),
            ("Shop/* no */.Users", vec!["shop", "users"]),
        ] {
            let file = SourceFile::parse(&format!("drop table {text};"));
            let node = file.syntax_node().descendants().find_map(TableNameRef::cast).unwrap();
            assert_eq!(name(node.syntax()), parts, "{text}");
        }
    }
}
