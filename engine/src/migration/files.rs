//! The SQL files that the application file names.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes. What is larger holds data, not changes of the schema.
const LARGEST: u64 = 5 << 20;

/// Reads the SQL of the pending migrations, with names relative to `folder`, which is the application file's.
///
/// Each wanted entry is a file, or a folder with all its `*.sql` and, one level deep, Prisma's `NAME/migration.sql`,
/// sorted by name. The way down of a tool that keeps it in files of its own (`*.down.sql`) is left out of a folder. A
/// file that is named twice is read once.
///
/// # Errors
/// What cannot be read, with its path and what to do.
pub fn read_files(folder: &Path, wanted: &[String]) -> Result<Vec<(String, String)>, String> {
    let mut read: Vec<(String, String)> = Vec::new();
    for entry in wanted {
        let path = folder.join(entry);
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => format!(
                "{} is missing; write the path of a file or folder with SQL, relative to {}",
                path.display(),
                folder.display()
            ),
            _ => format!("{} cannot be read: {error}; let Crossfade's user read it", path.display()),
        };
        let kind = fs::metadata(&path).map_err(missing)?.file_type();
        let files = match (kind.is_dir(), kind.is_file()) {
            (true, _) => in_folder(&path)?,
            (_, true) => vec![path],
            // A pipe or a device might never end.
            _ => return Err(format!("{} is neither a file nor a folder; write the path of one", path.display())),
        };
        for file in files {
            let name = relative(folder, &file);
            if !read.iter().any(|(known, _)| *known == name) {
                read.push((name, text(&file)?));
            }
        }
    }
    Ok(read)
}

/// The files of a folder, in the order in which tools run them.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable =
        |error: std::io::Error| format!("{} cannot be listed: {error}; let Crossfade's user read it", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let prisma = path.join("migration.sql");
        if path.is_dir() {
            files.extend(Some(prisma).filter(|prisma| prisma.is_file()));
        } else if is_sql(&path) {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(format!(
            "{} holds no *.sql and no NAME/migration.sql; write the folder that holds them, or leave it out",
            folder.display()
        ));
    }
    files.sort();
    Ok(files)
}

/// `.sql` in any case, but not the way down.
fn is_sql(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.ends_with(".sql") && !name.ends_with(".down.sql")
}

fn relative(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).display().to_string()
}

fn text(path: &Path) -> Result<String, String> {
    let unreadable =
        |error: std::io::Error| format!("{} cannot be read: {error}; let Crossfade's user read it", path.display());
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!(
            "{} is larger than 5 MB ({LARGEST} bytes), which is more than is read; load data in another way, and keep \
             the changes of the schema in a file of their own",
            path.display()
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("{} is not UTF-8 from byte {} on; save it as UTF-8", path.display(), at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn names(folder: &Path, wanted: &[&str]) -> Result<Vec<String>, String> {
        let wanted: Vec<String> = wanted.iter().map(|entry| (*entry).to_owned()).collect();
        Ok(read_files(folder, &wanted)?.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn files_are_read_in_the_order_of_their_names() {
        let folder = folder(&[
            ("db/0010_b.sql", b"select 2;"),
            ("db/0002_a.SQL", b"select 1;"),
            ("db/0002_a.down.sql", b"drop table a;"),
            ("db/readme.md", b"no"),
            ("db/seed/data.sql", b"not read"),
            ("prisma/20240102_b/migration.sql", b"select 4;"),
            ("prisma/20240101_a/migration.sql", b"select 3;"),
            ("prisma/20240101_a/other.sql", b"not read"),
            ("prisma/migration_lock.toml", b"no"),
            ("one.txt", "select 'é';".as_bytes()),
        ]);
        for (wanted, expected) in [
            (vec!["db"], vec!["db/0002_a.SQL", "db/0010_b.sql"]),
            (vec!["db/"], vec!["db/0002_a.SQL", "db/0010_b.sql"]),
            (vec!["prisma"], vec!["prisma/20240101_a/migration.sql", "prisma/20240102_b/migration.sql"]),
            (vec!["one.txt", "db/0010_b.sql"], vec!["one.txt", "db/0010_b.sql"]),
            (vec!["db/0010_b.sql", "db"], vec!["db/0010_b.sql", "db/0002_a.SQL"]),
            (vec!["db/0002_a.down.sql"], vec!["db/0002_a.down.sql"]),
            (vec![], vec![]),
        ] {
            assert_eq!(names(folder.path(), &wanted).unwrap(), expected, "{wanted:?}");
        }
        let texts = read_files(folder.path(), &["one.txt".to_owned()]).unwrap();
        assert_eq!(texts, [("one.txt".to_owned(), "select 'é';".to_owned())]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_path() {
        let large = vec![b' '; usize::try_from(LARGEST).unwrap() + 1];
        let folder = folder(&[
            ("latin.sql", b"select '\xe9';"),
            ("large.sql", &large),
            ("fits.sql", &large[1..]),
            ("empty/readme.md", b""),
        ]);
        for (wanted, path, does) in [
            ("none.sql", "none.sql", "is missing; write the path"),
            ("latin.sql", "latin.sql", "is not UTF-8 from byte 9 on; save it as UTF-8"),
            ("large.sql", "large.sql", "is larger than 5 MB (5242880 bytes)"),
            ("/dev/null", "/dev/null", "is neither a file nor a folder"),
            ("empty", "empty", "holds no *.sql and no NAME/migration.sql"),
        ] {
            let error = names(folder.path(), &[wanted]).unwrap_err();
            assert!(error.starts_with(&format!("{} {does}", folder.path().join(path).display())), "{error}");
        }
        assert_eq!(names(folder.path(), &["fits.sql"]).unwrap(), ["fits.sql"]);
    }
}
