//! Images: what a tag means right now, and having it here.

use super::{Docker, DockerError, while_trying};
use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two lines about the same pull.
const TELL_EVERY: Duration = Duration::from_millis(500);

impl Docker {
    /// What the image's name means by content: `name@sha256:…` from its registry; or, for one that its registry does not
    /// give, the id of the image on this engine, of which `tell` hears why.
    ///
    /// # Errors
    /// When neither knows it. Says what the registry answered.
    pub async fn pin(
        &self,
        image: &str,
        credentials: Option<&DockerCredentials>,
        tell: &mut (dyn FnMut(String) + Send),
    ) -> Result<String, DockerError> {
        if image.contains("@sha256:") {
            return Ok(image.to_owned());
        }
        let asked = self.api()?.inspect_registry_image(image, credentials.cloned()).await;
        let refused = match asked.map(|answer| answer.descriptor.digest) {
            Ok(Some(digest)) => return Ok(format!("{}@{digest}", name_of(image))),
            Ok(None) => DockerError::new("the registry named no digest"),
            Err(error) => while_trying("ask its registry")(error),
        };
        let local = self.api()?.inspect_image(image).await.ok().and_then(|image| image.id);
        if local.is_some() {
            tell(format!("{image}: its registry does not give it ({refused}); the one on this engine is taken"));
        }
        local.ok_or_else(|| {
            DockerError::new(format!("{image} is neither in its registry nor on this engine. {refused}. Was it pushed? May Crossfade read it?"))
        })
    }

    /// Has the engine this image, by content?
    pub async fn has_image(&self, pinned: &str) -> bool {
        let Ok(api) = self.api() else { return false };
        api.inspect_image(pinned).await.is_ok()
    }

    /// Pulls an image that is not here yet. `tell` hears how far it is, now and then.
    ///
    /// # Errors
    /// What the engine or the registry says.
    pub async fn pull(
        &self,
        pinned: &str,
        credentials: Option<&DockerCredentials>,
        tell: &mut (dyn FnMut(String) + Send),
    ) -> Result<(), DockerError> {
        let options = CreateImageOptionsBuilder::default().from_image(pinned).build();
        let mut progress = self.api()?.create_image(Some(options), None, credentials.cloned());
        let (mut layers, mut told) = (Layers::default(), Instant::now());
        while let Some(step) = progress.next().await {
            let step = step.map_err(while_trying(format!("pull {pinned}")))?;
            if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
                return Err(DockerError::new(format!("Docker could not pull {pinned}: {error}")));
            }
            let bytes = step.progress_detail.and_then(|detail| Some((detail.current?, detail.total?)));
            layers.note(step.id.as_deref(), step.status.as_deref(), bytes);
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                tell(layers.to_string());
            }
        }
        tell(layers.to_string());
        Ok(())
    }
}

/// How far the layers of one image are.
#[derive(Default)]
struct Layers {
    layers: BTreeMap<String, Layer>,
}

#[derive(Default)]
struct Layer {
    done: bool,
    current: i64,
    total: i64,
}

impl Layers {
    fn note(&mut self, id: Option<&str>, status: Option<&str>, bytes: Option<(i64, i64)>) {
        let (Some(id), Some(status)) = (id, status) else { return };
        // The first line carries the tag in place of a layer.
        if status.starts_with("Pulling from") {
            return;
        }
        let layer = self.layers.entry(id.to_owned()).or_default();
        match (status, bytes) {
            ("Pull complete" | "Already exists", _) => layer.done = true,
            ("Downloading", Some((current, total))) => (layer.current, layer.total) = (current, total),
            ("Download complete", _) => layer.current = layer.total,
            _ => {}
        }
    }
}

impl std::fmt::Display for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let done = self.layers.values().filter(|layer| layer.done).count();
        let (current, total) =
            self.layers.values().fold((0, 0), |(current, total), layer| (current + layer.current, total + layer.total));
        write!(f, "{done} of {} layers", self.layers.len())?;
        if total > 0 {
            #[allow(clippy::cast_precision_loss, reason = "for reading")]
            write!(f, ", {:.1} of {:.1} MB", current as f64 / 1e6, total as f64 / 1e6)?;
        }
        Ok(())
    }
}

/// The name without its tag: `localhost:5000/shop:1` is `localhost:5000/shop`.
fn name_of(image: &str) -> &str {
    let path = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[path..].find(':') {
        Some(colon) => &image[..path + colon],
        None => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_tag_and_keep_their_port() {
        for (image, name) in [
            ("shop", "shop"),
            ("shop:1", "shop"),
            ("localhost:5000/shop", "localhost:5000/shop"),
            ("localhost:5000/a/shop:1.2", "localhost:5000/a/shop"),
        ] {
            assert_eq!(name_of(image), name);
        }
    }

    #[test]
    fn progress_counts_layers_and_bytes() {
        let mut layers = Layers::default();
        layers.note(Some("1.0"), Some("Pulling from shop"), None);
        layers.note(Some("a"), Some("Downloading"), Some((1_500_000, 3_000_000)));
        layers.note(Some("b"), Some("Already exists"), None);
        assert_eq!(layers.to_string(), "1 of 2 layers, 1.5 of 3.0 MB");
    }
}
