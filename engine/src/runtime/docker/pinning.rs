//! What the release's images are, by content. A version means what it meant when it was first seen.

use crate::compose::Compose;
use crate::definition::Definition;
use crate::runtime::docker::Docker;
use crate::secrets;
use bollard::auth::DockerCredentials;
use rollout::check::Check;
use rollout::release::PinnedImages;

/// The images that could be pinned, and how it went.
pub(super) async fn pin(
    docker: &Docker,
    definition: &Definition,
    compose: &Compose,
    known: Option<&PinnedImages>,
    tell: &mut (dyn FnMut(String) + Send),
) -> (PinnedImages, Check) {
    let mut images = PinnedImages::new();
    let mut failures = vec![];
    for (name, service) in &compose.services {
        if let Some(pinned) = known.and_then(|known| known.get(name)) {
            tell(format!("{name}: {pinned}, as when this release was first seen"));
            images.insert(name.clone(), pinned.clone());
            continue;
        }
        let pinned = match credentials(definition, &service.image) {
            Ok(credentials) => {
                docker.pin(&service.image, credentials.as_ref(), tell).await.map_err(|error| error.to_string())
            }
            Err(why) => Err(why),
        };
        match pinned {
            Ok(pinned) => {
                tell(format!("{name}: {} is {pinned}", service.image));
                images.insert(name.clone(), pinned);
            }
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    let check = match failures.is_empty() {
        true => Check::ok("images", format!("{} pinned by digest", images.len())),
        false => Check::failure("images", failures.join("; ")),
    };
    (images, check)
}

/// What an image's registry asks for, if the application file names that registry.
pub(super) fn credentials(definition: &Definition, image: &str) -> Result<Option<DockerCredentials>, String> {
    let Some(registry) = &definition.application.registry else { return Ok(None) };
    if !image.starts_with(&format!("{}/", registry.server)) {
        return Ok(None);
    }
    let username = secrets::resolve(&registry.username).map_err(|error| format!("registry username: {error}"))?;
    let password = secrets::resolve(&registry.password).map_err(|error| format!("registry password: {error}"))?;
    Ok(Some(DockerCredentials {
        username: Some(username),
        password: Some(password),
        serveraddress: Some(registry.server.clone()),
        ..DockerCredentials::default()
    }))
}
