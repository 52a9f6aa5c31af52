//! `crossfade init [FOLDER] [--yes] [--force]`
//!
//! | file | what |
//! |---|---|
//! | `around` | what is there: compose files, routers |
//! | `ask` | questions, at a terminal or from a pipe |
//! | `write` | the file, read back before it has its name |

mod around;
mod ask;
mod write;

use ask::Asking;
use engine::compose::{Outline, Problem, Variables, outline};
use engine::init::{Answers, Guess, Part, Routed, advice, routers, text};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What the file is called.
const FILE: &str = "crossfade.toml";

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with the compose file. The application file is written beside it.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Asks nothing: every answer is the one that would stand in brackets.
    #[arg(long, short)]
    yes: bool,
    /// Writes anew a crossfade.toml that is there.
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: &Arguments) -> Result<(), String> {
    let target = arguments.folder.join(FILE);
    if target.symlink_metadata().is_ok() && !arguments.force {
        return Err(format!(
            "{shown} is there already: `crossfade check {shown}` looks at it, --force writes it anew",
            shown = shown(&target)
        ));
    }
    let mut asking = match (arguments.yes, std::io::stdin().is_terminal()) {
        (true, _) => Asking::nobody(std::io::stdout()),
        (false, true) => Asking::at_a_terminal(std::io::stdin().lock(), std::io::stdout()),
        (false, false) => Asking::a_pipe(std::io::stdin().lock(), std::io::stdout()),
    };
    let compose = compose_file(&arguments.folder, &mut asking)?;
    let outline = look(&arguments.folder, &compose)?;
    let guess = Guess::new(&outline);
    let answers = questions(&guess, &arguments.folder, &compose, &mut asking)?;
    let problems = write::write(&target, &text(&answers), arguments.force)?;
    println!();
    report(&target, &guess, &answers, &problems)
}

/// The compose file; asked for only where there are several.
fn compose_file(folder: &Path, asking: &mut Asking) -> Result<String, String> {
    let mut found = around::compose_files(folder)?;
    if found.len() < 2 {
        return found.pop().ok_or_else(|| {
            format!(
                "there is no compose file in {}: expected {} or another *compose*.yml. Go to its folder, or name it: \
                 crossfade init FOLDER",
                shown(folder),
                around::COMPOSE_FILES.join(", ")
            )
        });
    }
    let all = found.join(", ");
    asking.ask(&format!("Which compose file? ({all})"), &found[0].clone(), |answer| {
        let known = found.iter().find(|name| *name == answer).cloned();
        known.ok_or_else(|| format!("`{answer}` is not one of {all}"))
    })
}

fn look(folder: &Path, compose: &str) -> Result<Outline, String> {
    let file = folder.join(compose);
    let text = std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", shown(&file)))?;
    let variables = Variables::new([], std::env::vars());
    // A broken one is told, with its place, when what was written is read back.
    let dotenv = std::fs::read_to_string(folder.join(".env")).unwrap_or_default();
    let variables = variables.clone().with_dotenv(".env", &dotenv).unwrap_or(variables);
    outline(&shown(&file), &text, &variables)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))
}

/// Seven at most, and one more where there are several compose files.
fn questions(guess: &Guess, folder: &Path, compose: &str, asking: &mut Asking) -> Result<Answers, String> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let folder = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut answers = guess.answers(&folder, compose, around::router());
    asking.begin(compose);
    answers.name = asking.ask("What is the application called?", &answers.name, Answers::read_name)?;
    let routed: Vec<Routed> = asking.ask(
        "Which services get requests, on which port, for which hosts? (service:port=host,host and spaces between)",
        &Answers::show_routed(&guess.routed(&answers.name)),
        |text| Answers::read_routed(text, guess, &answers.name),
    )?;
    let shared = guess.shared(&routed);
    let shared = asking.ask(
        "Which services are shared by both slots and outlive releases, such as a database? (or none)",
        &if shared.is_empty() { "none".to_owned() } else { shared.join(" ") },
        |text| Answers::read_shared(text, guess, &routed),
    )?;
    answers.services = guess.parts(&routed, &shared);
    answers.version_variable = guess.version_variable(&answers.services);
    answers.registry = guess.registry(&answers.services);
    answers.migration_beside = guess.migration_beside(&routed);
    let which = format!("Which router splits the traffic? ({})", routers().join(", "));
    answers.router = asking.ask(&which, &answers.router, Answers::read_router)?;
    answers.migration = asking.ask(
        "Which command migrates the database, in whose container? (service: command, or no)",
        &Answers::show_migration(guess.migration(&routed).as_ref()),
        |text| Answers::read_migration(text, guess, &answers.services),
    )?;
    let health = guess.health(&routed);
    answers.health = asking.ask(
        "Which path answers when a service is well? (one for all, or service=/path and spaces between)",
        &Answers::show_health(&health),
        |text| Answers::read_health(text, &health),
    )?;
    answers.stages = asking.ask(
        "Through which stages does the traffic move, in percent?",
        &Answers::show_stages(&answers.stages),
        Answers::read_stages,
    )?;
    Ok(answers)
}

/// What was written, what is to be changed, and what comes next.
fn report(target: &Path, guess: &Guess, answers: &Answers, problems: &[Problem]) -> Result<(), String> {
    let shown = shown(target);
    println!("{shown} is written: {}, with", answers.name);
    let width = answers.services.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, part) in &answers.services {
        println!("  {name:width$}  {}", said(part));
    }
    let advice = advice(guess, answers);
    if !advice.is_empty() {
        println!("\nBefore the first release:");
        advice.iter().for_each(|advice| println!("  {advice}"));
    }
    if !problems.is_empty() {
        println!("\nWhat does not fit yet:");
        problems.iter().for_each(|problem| println!("  {problem}"));
        let count = if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
        return Err(format!("{shown} is written, with {count} to mend first; then run `crossfade check {shown}`"));
    }
    println!("\nIt was read back, and fits {}. Next:", answers.compose);
    if answers.router == "embedded" {
        println!("  crossfade proxy --listen 0.0.0.0:80     the router; it stays in the foreground");
    }
    println!("  crossfade check {shown}");
    println!("  crossfade application add {shown} --release VERSION     brings its first release live");
    println!("  crossfade serve     the dashboard");
    Ok(())
}

fn said(part: &Part) -> String {
    match part {
        Part::Routed { port, hosts } => format!("routed: {} on port {port}", hosts.join(", ")),
        Part::Background { live_slot_only: true } => "background, in the live slot only".to_owned(),
        Part::Background { live_slot_only: false } => "background, in both slots".to_owned(),
        Part::Shared => "shared".to_owned(),
    }
}

/// As people would type it.
fn shown(path: &Path) -> String {
    let bare = path.strip_prefix(".").unwrap_or(path);
    if bare.as_os_str().is_empty() { ".".to_owned() } else { bare.display().to_string() }
}
