//! `crossfade check FILE`

use engine::Definition;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// The application file.
    file: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<(), String> {
    match Definition::load(&arguments.file) {
        Ok(definition) => {
            println!(
                "{}: {} is well described; {} agrees with it",
                arguments.file.display(),
                definition.application.name,
                definition.compose_file.display()
            );
            Ok(())
        }
        Err(problems) => {
            for problem in &problems {
                println!("{problem}");
            }
            Err(match problems.len() {
                1 => "1 problem".to_owned(),
                many => format!("{many} problems"),
            })
        }
    }
}
