//! Where `${VARIABLES}` come from.

use super::dotenv;
use super::problem::Problem;
use std::collections::BTreeMap;

/// The variables of a compose file. First hit wins: what Crossfade sets itself (the version of a release), its
/// process environment, the `.env` file beside the compose file.
///
/// Holds secrets, so it cannot be printed.
#[derive(Clone, Default)]
pub struct Variables {
    overrides: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    dotenv: BTreeMap<String, String>,
}

impl Variables {
    pub fn new(
        overrides: impl IntoIterator<Item = (String, String)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Variables {
        Variables {
            overrides: overrides.into_iter().collect(),
            environment: environment.into_iter().collect(),
            dotenv: BTreeMap::new(),
        }
    }

    /// Adds the variables of a `.env` file; `file` is its name in problems.
    ///
    /// # Errors
    /// Everything in it that is not understood, with its place.
    pub fn with_dotenv(mut self, file: &str, text: &str) -> Result<Variables, Vec<Problem>> {
        self.dotenv = dotenv::parse(file, text, &|name| self.get(name).map(str::to_owned))?;
        Ok(self)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let places = [&self.overrides, &self.environment, &self.dotenv];
        places.into_iter().find_map(|place| place.get(name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn the_first_place_wins() {
        let variables = Variables::new(map(&[("A", "1")]), map(&[("A", "2"), ("B", "2")]));
        let variables = variables.with_dotenv(".env", "A=3\nB=3\nC=3\nD=$A$B$C").unwrap();
        for (name, value) in [("A", Some("1")), ("B", Some("2")), ("C", Some("3")), ("D", Some("123")), ("E", None)] {
            assert_eq!(variables.get(name), value, "{name}");
        }
    }

    #[test]
    fn a_broken_file_is_told() {
        let result = Variables::default().with_dotenv("shop/.env", "A=1\nnot this\n");
        assert_eq!(result.err().unwrap()[0].to_string(), "shop/.env:2:5: expected a `=` after not");
    }
}
