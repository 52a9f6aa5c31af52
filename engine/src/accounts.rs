//! Who may sign in.

use crate::clock;
use crate::store::{Store, StoreError};
use rollout::actor::{Actor, Role};
use rollout::command::Refusal;
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Who does what is done at the command line.
pub const COMMAND_LINE: &str = "command-line";

/// Shortest password.
pub const SHORTEST_PASSWORD: usize = 8;

/// A person who has proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub role: Role,
}

impl User {
    pub fn actor(&self) -> Actor {
        Actor::user(&self.name, self.role)
    }
}

/// Hashing takes a tenth of a second and 19 MB on purpose: no more than two at once.
static HASHING: Semaphore = Semaphore::const_new(2);

/// What is verified when there is no such user, so that it takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| password_auth::generate_hash("nobody has this password"));

/// Both "no such user" and "wrong password": whoever guesses learns nothing.
fn wrong() -> Refusal {
    Refusal::invalid("password", "That name and password do not go together.")
}

impl Store {
    /// # Errors
    /// The inner one says why not, for the person who tries; the outer one when the database fails.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<Result<User, Refusal>, StoreError> {
        let row = self.user_by_name(name.trim()).await?;
        if let Some(row) = &row
            && row.locked_until > clock::now()
        {
            let left = row.locked_until - clock::now();
            return Ok(Err(Refusal::invalid("password", format!("Too many wrong passwords. Try again in {left}."))));
        }
        let hash = row.as_ref().map(|row| row.password.clone());
        if !verify(password.to_owned(), hash).await {
            if let Some(row) = row {
                self.note_failure(row.id).await?;
            }
            return Ok(Err(wrong()));
        }
        let Some(row) = row else { return Ok(Err(wrong())) };
        self.note_success(row.id).await?;
        Ok(Ok(User { id: row.id, name: row.name, role: row.role }))
    }

    /// Adds a user, or sets role and password anew.
    ///
    /// # Errors
    /// The inner one when name or password will not do.
    pub async fn add_user(&self, name: &str, role: Role, password: &str) -> Result<Result<(), Refusal>, StoreError> {
        let good = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(good) {
            let message = "A name is 1 to 64 letters, digits, `.`, `_`, `-` or `@`.";
            return Ok(Err(Refusal::invalid("name", message)));
        }
        // The engine's own entries in the journal must not be mistaken for a person's.
        if [Actor::Engine.name(), COMMAND_LINE].iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Ok(Err(Refusal::invalid("name", format!("`{name}` is a name of the machine's own."))));
        }
        if password.chars().count() < SHORTEST_PASSWORD || password.len() > 256 {
            let message = format!("A password has {SHORTEST_PASSWORD} to 256 characters.");
            return Ok(Err(Refusal::invalid("password", message)));
        }
        let hash = hash(password.to_owned()).await;
        self.save_user(name, role, &hash).await?;
        Ok(Ok(()))
    }

    /// The user behind a session, with the role they have now.
    pub async fn signed_in(&self, id: i64) -> Result<Option<User>, StoreError> {
        Ok(self.user(id).await?.map(|row| User { id: row.id, name: row.name, role: row.role }))
    }
}

async fn verify(password: String, hash: Option<String>) -> bool {
    let _turn = HASHING.acquire().await;
    let known = hash.is_some();
    let verified = tokio::task::spawn_blocking(move || {
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        password_auth::verify_password(password, &hash).is_ok()
    });
    verified.await.unwrap_or(false) && known
}

async fn hash(password: String) -> String {
    let _turn = HASHING.acquire().await;
    // A panic in there would mean that the system has no randomness: nothing is hashed, and nobody can sign in by it.
    tokio::task::spawn_blocking(move || password_auth::generate_hash(password)).await.unwrap_or_default()
}
