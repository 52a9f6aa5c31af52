//! What is to be changed in the compose file, and what to know before the first release.

use super::answers::{Answers, Part};
use super::guess::Guess;
use super::kinds;
use crate::compose::{Sketch, tag};

/// Sentences, each with its place in the compose file where it has one. The most pressing first.
pub fn advice(guess: &Guess, answers: &Answers) -> Vec<String> {
    let mut said = versions(guess, answers);
    said.extend(ports(guess, answers));
    for sketch in guess.services().filter(|sketch| kinds::is_finder(sketch)) {
        said.push(format!(
            "{}: `{}` finds services by Docker's labels, and would see those of both slots: Crossfade's router takes \
             its place, so take it out",
            at(answers, sketch),
            sketch.name
        ));
    }
    if answers.migration.is_none()
        && let Some(sketch) = guess.services().find(|sketch| kinds::is_migration(sketch))
    {
        said.push(format!(
            "{}: `{}` runs in every slot that is prepared, as it is now. Written as [migrate] instead, it gets a backup, \
             a check and a step of its own: see docs/migrations.md",
            at(answers, sketch),
            sketch.name
        ));
    }
    said
}

/// A release is its images. Where nothing in an image's name varies, every release would run the same one.
fn versions(guess: &Guess, answers: &Answers) -> Vec<String> {
    let variable = answers.version_variable.as_deref().unwrap_or("VERSION");
    let mut said = Vec::new();
    for sketch in guess.slotted(&answers.services) {
        let Some(image) = sketch.image.as_deref() else { continue };
        let variables = sketch.tag_variables();
        if variables.iter().any(|name| name == variable) || (is_others(image) && !is_routed(answers, sketch)) {
            continue;
        }
        let wanted = with_variable(image, variable);
        let why = match variables.first() {
            Some(other) => format!("its version is in {other}, but one variable says which release it is"),
            None => "it is the same for every release".to_owned(),
        };
        said.push(format!("{}: the image of `{}` is {image}: {why}. Write {wanted}", at(answers, sketch), sketch.name));
    }
    said
}

fn ports(guess: &Guess, answers: &Answers) -> Vec<String> {
    let unknown = answers.services.iter().filter_map(|(name, part)| match part {
        Part::Routed { port, .. } if !guess.knows_port(name) => Some((name, port)),
        _ => None,
    });
    let said = |(name, port): (&String, &u16)| {
        format!(
            "the compose file does not say on which port `{name}` listens: {port} is written down, correct it if need be"
        )
    };
    unknown.map(said).collect()
}

/// An image of Docker Hub's own, such as `nginx:1.27`: somebody else's, with versions of its own.
fn is_others(image: &str) -> bool {
    !image.contains('/')
}

fn is_routed(answers: &Answers, sketch: &Sketch) -> bool {
    answers.services.iter().any(|(name, part)| *name == sketch.name && matches!(part, Part::Routed { .. }))
}

fn with_variable(image: &str, variable: &str) -> String {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    // A variable with a default has colons of its own.
    let name = match tag(image) {
        Some(tag) if !tag.contains('}') => &image[..image.len() - tag.len() - 1],
        Some(_) => image.split_once(":$").map_or(image, |(name, _)| name),
        None => image,
    };
    if name.starts_with("${") && !name.contains('/') {
        return format!("its name, and :${{{variable}}} after it");
    }
    format!("{name}:${{{variable}}}")
}

fn at(answers: &Answers, sketch: &Sketch) -> String {
    format!("{}:{}", answers.compose, sketch.line)
}
