//! Questions with an answer in brackets, which Enter takes. At a terminal a wrong answer is asked for again; from a
//! pipe it ends the command, for the next line answers another question.

use std::io::{BufRead, Write};

/// Who answers.
enum From {
    Nobody,
    Terminal,
    Pipe,
}

pub struct Asking<'a> {
    from: From,
    input: Option<Box<dyn BufRead + 'a>>,
    output: Box<dyn Write + 'a>,
}

impl<'a> Asking<'a> {
    /// Every answer is the one in brackets; nothing is printed.
    pub fn nobody(output: impl Write + 'a) -> Asking<'a> {
        Asking { from: From::Nobody, input: None, output: Box::new(output) }
    }

    pub fn at_a_terminal(input: impl BufRead + 'a, output: impl Write + 'a) -> Asking<'a> {
        Asking { from: From::Terminal, input: Some(Box::new(input)), output: Box::new(output) }
    }

    /// A line for each answer; when there are no more, the rest is as in brackets.
    pub fn a_pipe(input: impl BufRead + 'a, output: impl Write + 'a) -> Asking<'a> {
        Asking { from: From::Pipe, input: Some(Box::new(input)), output: Box::new(output) }
    }

    pub fn begin(&mut self, compose: &str) {
        if let From::Terminal = self.from {
            self.print(&format!("From {compose}. Enter takes what stands in brackets; Ctrl-C writes nothing.\n"));
        }
    }

    /// # Errors
    /// When the answer cannot be read, or a person ends the input instead of answering.
    pub fn ask<T>(
        &mut self,
        question: &str,
        usual: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        if let From::Nobody = self.from {
            return read(usual).map_err(|why| format!("{question} {usual}: {why}"));
        }
        loop {
            self.print(&format!("\n{question}\n[{usual}] "));
            let line = self.line()?;
            if let (From::Terminal, None) = (&self.from, &line) {
                self.print("\n");
                return Err("the input ended, so nothing was written; --yes takes every usual answer".to_owned());
            }
            let line = line.unwrap_or_default();
            let answer = if line.trim().is_empty() { usual } else { line.trim() };
            if let From::Pipe = self.from {
                self.print(&format!("{answer}\n"));
            }
            match (read(answer), &self.from) {
                (Err(why), From::Terminal) => self.print(&format!("  {why}\n")),
                (answer, _) => return answer.map_err(|why| format!("{question} {why}")),
            }
        }
    }

    /// `None` at the end of the input.
    fn line(&mut self) -> Result<Option<String>, String> {
        let Some(input) = &mut self.input else { return Ok(None) };
        let mut line = String::new();
        let read = input.read_line(&mut line).map_err(|error| format!("cannot read the answer: {error}"))?;
        Ok(Some(line).filter(|_| read > 0))
    }

    /// A question that nobody sees any more is still answered.
    fn print(&mut self, text: &str) {
        let _ = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u32, String> {
        text.parse().map_err(|_| format!("`{text}` is no number"))
    }

    #[test]
    fn enter_takes_what_stands_in_brackets() {
        let mut output = Vec::new();
        let mut asking = Asking::at_a_terminal(&b"\n x \n 7 \n"[..], &mut output);
        assert_eq!(asking.ask("How many?", "3", number), Ok(3));
        assert_eq!(asking.ask("How many?", "3", number), Ok(7), "a wrong answer is asked for again");
        assert!(asking.ask("How many?", "3", number).unwrap_err().contains("nothing was written"));
        drop(asking);
        let output = String::from_utf8(output).unwrap();
        assert!(
            output.starts_with("\nHow many?\n[3] \nHow many?\n[3]   `x` is no number\n\nHow many?\n[3] "),
            "{output:?}"
        );
    }

    #[test]
    fn a_pipe_answers_line_by_line_and_may_end() {
        let mut output = Vec::new();
        let mut asking = Asking::a_pipe(&b"5\n\n"[..], &mut output);
        let answers: Vec<_> = (0..3).map(|_| asking.ask("How many?", "3", number)).collect();
        assert_eq!(answers, [Ok(5), Ok(3), Ok(3)]);
        let mut asking = Asking::a_pipe(&b"x\n4\n"[..], std::io::sink());
        assert_eq!(asking.ask("How many?", "3", number), Err("How many? `x` is no number".to_owned()));
    }

    #[test]
    fn nobody_takes_everything() {
        let mut output = Vec::new();
        assert_eq!(Asking::nobody(&mut output).ask("How many?", "3", number), Ok(3));
        assert!(output.is_empty());
    }
}
