//! Lines of what is printed.

/// Pieces of output, cut into lines wherever they were torn apart.
#[derive(Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    pub(crate) fn push(&mut self, piece: &[u8], mut line: impl FnMut(&str)) {
        self.rest.extend_from_slice(piece);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let done: Vec<u8> = self.rest.drain(..=end).collect();
            line(String::from_utf8_lossy(&done).trim_end_matches(['\n', '\r']));
        }
    }

    pub(crate) fn finish(self, mut line: impl FnMut(&str)) {
        if !self.rest.is_empty() {
            line(String::from_utf8_lossy(&self.rest).trim_end_matches('\r'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn torn_lines_are_mended() {
        let mut lines = Lines::default();
        let mut seen = vec![];
        for piece in ["on", "e\r\ntw", "o\n\nth", "ree"] {
            lines.push(piece.as_bytes(), |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        assert_eq!(seen, ["one", "two", "", "three"]);
    }
}
