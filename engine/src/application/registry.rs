//! `[registry]`: where the images come from.

use super::item::Item;
use super::section::Keys;
use super::words;
use rollout::application::{Registry, Secret};

pub(super) const REGISTRY: Keys = Keys::new(&["server", "username", "password"]);

pub(super) fn read(item: Item) -> Option<Registry> {
    let section = item.section("[registry]", &REGISTRY, "a section: [registry]")?;
    let server = section.need("server", "the host of the registry, like \"ghcr.io\"");
    let username = section.need("username", "who signs in, like \"env:GHCR_USER\"");
    let password = section.need("password", "a reference to the password or token, like \"env:GHCR_TOKEN\"");
    let server = server.and_then(|item| item.text_that(words::registry_server));
    let username = username.and_then(|item| item.secret());
    let password = password.and_then(|item| Some((item, item.secret()?)));
    if let Some((item, Secret::Plain(_))) = &password {
        // The value is not repeated: the message goes to screens and logs.
        item.wrong("a password does not stand in the file: write env:NAME or file:PATH");
    }
    Some(Registry { server: server?, username: username?, password: password?.1 })
}
