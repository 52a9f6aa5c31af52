//! Secrets: looked up when they are used, and masked wherever text goes to people.

mod mask;
mod named;

pub use mask::Mask;

use rollout::application::Secret;
use std::io::{self, Read};

/// More than any key or token has. A reference to a larger file is a slip.
const MOST_BYTES: u64 = 64 * 1024;

/// Why a secret could not be had. Names the reference, never the value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("env:{0} is not set: set the variable {0} in Crossfade's own environment and start it again")]
    NotSet(String),
    #[error("env:{0} is empty: give the variable {0} a value in Crossfade's own environment and start it again")]
    EmptyVariable(String),
    #[error("env:{0} is not UTF-8 text: secrets are text")]
    VariableNotText(String),
    #[error("file:{path} cannot be read: {cause}. Crossfade reads it as its own user")]
    Unreadable { path: String, cause: io::Error },
    #[error("file:{0} is not a file")]
    NotAFile(String),
    #[error("file:{0} is empty: write the secret into it")]
    EmptyFile(String),
    #[error("file:{0} is larger than {limit} KiB: this is not a secret", limit = MOST_BYTES / 1024)]
    TooLarge(String),
    #[error("file:{0} is not UTF-8 text: secrets are text")]
    FileNotText(String),
}

/// The value of a secret.
///
/// # Errors
/// A sentence that names the reference: the variable is not set, the file cannot be read, or there is nothing in it.
pub fn resolve(secret: &Secret) -> Result<String, SecretError> {
    match secret {
        Secret::Plain(text) => Ok(text.clone()),
        Secret::Env(name) => variable(name),
        Secret::File(path) => file(path),
    }
}

fn variable(name: &str) -> Result<String, SecretError> {
    // Such a name cannot be set; asking for it would panic on some systems.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(SecretError::NotSet(name.to_owned()));
    }
    let value = std::env::var_os(name).ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
    let value = value.into_string().map_err(|_| SecretError::VariableNotText(name.to_owned()))?;
    if value.is_empty() { Err(SecretError::EmptyVariable(name.to_owned())) } else { Ok(value) }
}

fn file(path: &str) -> Result<String, SecretError> {
    let unreadable = |cause| SecretError::Unreadable { path: path.to_owned(), cause };
    // Reading a device or a pipe could take for ever.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(SecretError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(unreadable)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(SecretError::TooLarge(path.to_owned()));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| SecretError::FileNotText(path.to_owned()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err(SecretError::EmptyFile(path.to_owned())) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str, contents: &[u8]) -> String {
        let path = std::env::temp_dir().join(format!("crossfade-secrets-{}-{name}", std::process::id()));
        std::fs::write(&path, contents).unwrap();
        path.to_string_lossy().into_owned()
    }

    fn of_file(name: &str, contents: &[u8]) -> Result<String, SecretError> {
        let path = temporary(name, contents);
        let value = resolve(&Secret::File(path.clone()));
        std::fs::remove_file(path).unwrap();
        value
    }

    #[test]
    fn a_file_gives_its_contents_without_the_line_end() {
        assert_eq!(of_file("a", b"s3cret\n").unwrap(), "s3cret");
        assert_eq!(of_file("b", b"s3cret\r\n").unwrap(), "s3cret");
        assert_eq!(of_file("c", b" s3\ncret \n\n").unwrap(), " s3\ncret \n");
        assert!(matches!(of_file("d", b"\n"), Err(SecretError::EmptyFile(_))));
        assert!(matches!(of_file("e", b"\xff\xfe"), Err(SecretError::FileNotText(_))));
        assert!(matches!(of_file("f", &[b'x'; 70_000]), Err(SecretError::TooLarge(_))));
    }

    #[test]
    fn errors_name_the_reference() {
        let error = |secret| resolve(&secret).unwrap_err().to_string();
        assert!(error(Secret::Env("CROSSFADE_NO_SUCH".into())).starts_with("env:CROSSFADE_NO_SUCH is not set: "));
        assert!(error(Secret::Env(String::new())).starts_with("env: is not set"));
        assert!(error(Secret::Env("A=B".into())).starts_with("env:A=B is not set"));
        assert!(error(Secret::File("/no/such".into())).starts_with("file:/no/such cannot be read: No such file"));
        assert_eq!(error(Secret::File("/dev/zero".into())), "file:/dev/zero is not a file");
        assert_eq!(error(Secret::File("/".into())), "file:/ is not a file");
    }

    #[test]
    fn a_variable_and_plain_text_give_their_value() {
        assert_eq!(resolve(&Secret::Env("PATH".into())).unwrap(), std::env::var("PATH").unwrap());
        assert_eq!(resolve(&Secret::Plain("plain".into())).unwrap(), "plain");
    }
}
