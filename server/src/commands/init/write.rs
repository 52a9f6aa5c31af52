//! The file, written aside, read back by the reader of application files, and only then given its name.

use engine::Definition;
use engine::application;
use engine::compose::Problem;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes the file. What it and the compose file say that does not fit is given back: it is for the user to mend, and
/// the file stays.
///
/// # Errors
/// When it cannot be written, is there already (unless `force`d), or is not an application file. Nothing is left behind.
pub fn write(target: &Path, text: &str, force: bool) -> Result<Vec<Problem>, String> {
    let shown = target.display().to_string();
    if let Err(problems) = application::read(&shown, text) {
        let list = problems.iter().map(|problem| format!("\n  {problem}")).collect::<String>();
        return Err(format!("nothing was written, for these answers make no application file:{list}"));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = |error: std::io::Error| format!("cannot write {shown}: {error}");
    let readable = std::fs::Permissions::from_mode(0o666);
    let aside = tempfile::Builder::new().prefix(".crossfade.toml.").permissions(readable).tempfile_in(folder);
    let mut aside = aside.map_err(cannot)?;
    aside.write_all(text.as_bytes()).and_then(|()| aside.as_file().sync_all()).map_err(cannot)?;
    let read = Definition::load(aside.path()).err().unwrap_or_default();
    let its_name = aside.path().display().to_string();
    let placed = if force { aside.persist(target) } else { aside.persist_noclobber(target) };
    placed.map_err(|error| cannot(error.error))?;
    let renamed = |problem: Problem| match problem.file == its_name {
        true => Problem { file: shown.clone(), ..problem },
        false => problem,
    };
    Ok(read.into_iter().map(renamed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "name = \"shop\"\n[services.web]\nrouted = { port = 80, hosts = [\"a.b\"] }\n";

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_there_is_kept_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("crossfade.toml");
        let said = write(&target, "name = 1", false).unwrap_err();
        assert!(said.contains("crossfade.toml:1:8: `name` must be text"), "{said}");
        assert!(names(folder.path()).is_empty());
        std::fs::write(folder.path().join("docker-compose.yml"), "services: {web: {image: a:1, privileged: true}}")
            .unwrap();
        let problems = write(&target, FILE, false).unwrap();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].to_string().contains("docker-compose.yml:1:30: `privileged` is not supported"),
            "{problems:?}"
        );
        std::fs::write(&target, "mine").unwrap();
        assert!(write(&target, FILE, false).unwrap_err().contains("crossfade.toml: File exists"));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
        write(&target, FILE, true).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), FILE);
        assert_eq!(names(folder.path()), ["crossfade.toml", "docker-compose.yml"]);
    }

    #[test]
    fn problems_name_the_file_as_it_is_called_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("docker-compose.yml"), "services: {api: {image: a:1}}").unwrap();
        let problems = write(&folder.path().join("crossfade.toml"), FILE, false).unwrap();
        let said = problems.iter().map(Problem::to_string).collect::<String>();
        assert!(said.contains("/crossfade.toml:2:"), "{said}");
    }
}
