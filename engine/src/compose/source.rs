//! The text of a YAML file: where things stand in it, and what the parser's errors mean.

use super::problem::Mark;
use saphyr_parser::{ScanError, Span};

pub(super) struct Source {
    /// Every `$`: characters before it, and its place.
    dollars: Vec<(usize, Mark)>,
    /// Every line that a tab indents.
    tabs: Vec<usize>,
    /// The last character that is not white space: characters before it, and its place.
    last: Option<(usize, Mark)>,
    /// The first character that YAML does not allow.
    pub control: Option<Mark>,
}

impl Source {
    pub fn new(text: &str) -> Source {
        let mut source = Source { dollars: vec![], tabs: vec![], last: None, control: None };
        let mut at = Mark::START;
        let mut indent = true;
        let mut chars = text.chars().peekable();
        let mut index = 0;
        while let Some(c) = chars.next() {
            match c {
                '$' => source.dollars.push((index, at)),
                '\t' if indent => source.tabs.push(at.line),
                '\t' | '\n' | '\r' => {}
                _ if c.is_control() && c != '\u{85}' => source.control = source.control.or(Some(at)),
                _ => {}
            }
            if !c.is_whitespace() {
                source.last = Some((index, at));
            }
            // YAML ends a line with \n, \r\n or \r.
            let end_of_line = c == '\n' || (c == '\r' && chars.peek() != Some(&'\n'));
            at = at.after(if end_of_line { '\n' } else { c });
            indent = end_of_line || (indent && (c == ' ' || c == '\t'));
            index += 1;
        }
        source
    }

    /// Where each `$` of `text` stands, the scalar that was read from `span`.
    pub fn dollars(&self, span: Span, text: &str) -> Vec<Mark> {
        let wanted = text.matches('$').count();
        let first = self.dollars.partition_point(|(index, _)| *index < span.start.index());
        let found = self.dollars[first..].iter().take_while(|(index, _)| *index < span.end.index());
        let found: Vec<Mark> = found.map(|(_, at)| *at).collect();
        if found.len() == wanted { found } else { Vec::new() }
    }

    /// Where the text goes on after the parser, at `index`, believed it to be over.
    pub fn unread(&self, index: usize) -> Option<Mark> {
        self.last.filter(|(last, _)| *last >= index).map(|(_, at)| at)
    }

    pub fn explain(&self, error: &ScanError) -> (Mark, String) {
        let line = error.marker().line();
        let tab = error.info().contains("tab").then(|| self.tabs.iter().find(|tab| **tab >= line)).flatten();
        if let Some(line) = tab {
            let message = "a tab indents this line: YAML wants spaces";
            return (Mark { line: *line, column: 1 }, message.to_owned());
        }
        (Mark { line, column: error.marker().col() + 1 }, format!("this is not YAML: {}", error.info()))
    }
}
