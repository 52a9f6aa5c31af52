//! What processes print: a file each, which is not let grow for ever.

use super::record::Files;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes at which a log is cut. Its end is kept beside it.
const MOST: u64 = 8 * 1024 * 1024;
/// Bytes that are kept of a log that is cut.
const KEPT: u64 = 1024 * 1024;
/// Bytes that are looked through for the last lines.
const LOOKED_AT: u64 = 256 * 1024;

/// Cuts a log that has grown too long. Its process has it open and goes on at its new end; what it prints at this very
/// moment may be missing.
pub(super) fn cut(files: &Files) -> io::Result<()> {
    cut_at(files, MOST, KEPT)
}

fn cut_at(files: &Files, most: u64, kept: u64) -> io::Result<()> {
    let log = files.log();
    if std::fs::metadata(&log).map_or(0, |seen| seen.len()) <= most {
        return Ok(());
    }
    let tail = tail(&log, kept)?;
    std::fs::write(files.older_log(), tail)?;
    OpenOptions::new().write(true).open(log)?.set_len(0)
}

/// The last lines, oldest first.
pub(super) fn last_lines(files: &Files, count: usize) -> io::Result<Vec<String>> {
    let mut lines = lines(&files.log())?;
    if lines.len() < count {
        let mut older = self::lines(&files.older_log())?;
        older.append(&mut lines);
        lines = older;
    }
    Ok(lines.split_off(lines.len().saturating_sub(count)))
}

fn lines(file: &Path) -> io::Result<Vec<String>> {
    match tail(file, LOOKED_AT) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(error),
    }
}

/// The end of a file, from the beginning of a line.
fn tail(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    let from = file.metadata()?.len().saturating_sub(most);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = vec![];
    file.take(most).read_to_end(&mut bytes)?;
    if from > 0 {
        let torn = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.drain(..torn);
    }
    Ok(bytes)
}

/// A line of Crossfade's own among those of the process.
pub(super) fn note(files: &Files, text: &str) {
    let open = OpenOptions::new().create(true).append(true).open(files.log());
    // A log that cannot be written is no reason not to go on.
    let _ = open.and_then(|mut log| writeln!(log, "── crossfade: {text} ──"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_at_a_line_and_read_over_the_cut() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path(), "a");
        assert_eq!(last_lines(&files, 3).unwrap(), [""; 0]);
        std::fs::create_dir(folder.path().join("a")).unwrap();
        // As the process has it: open all the time, and always at its end.
        let mut open = OpenOptions::new().create(true).append(true).open(files.log()).unwrap();
        for line in 1..=10 {
            writeln!(open, "line {line}").unwrap();
        }
        cut_at(&files, 1_000, 20).unwrap();
        assert_eq!(last_lines(&files, 2).unwrap(), ["line 9", "line 10"]);
        cut_at(&files, 50, 20).unwrap();
        assert_eq!(std::fs::metadata(files.log()).unwrap().len(), 0);
        writeln!(open, "line 11").unwrap();
        assert_eq!(std::fs::read_to_string(files.log()).unwrap(), "line 11\n");
        assert_eq!(last_lines(&files, 9).unwrap(), ["line 9", "line 10", "line 11"]);
        note(&files, "a word");
        assert_eq!(last_lines(&files, 1).unwrap(), ["── crossfade: a word ──"]);
    }
}
