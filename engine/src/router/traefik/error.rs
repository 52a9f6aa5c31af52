use std::path::PathBuf;

/// What can go wrong with Traefik.
#[derive(Debug, thiserror::Error)]
pub enum TraefikError {
    #[error(
        "Traefik's API does not answer on {api}: {why}. Start Traefik with its API (`api.insecure` and an entry point \
         `traefik` on loopback), or set `api` in [traffic.traefik] to where it answers"
    )]
    Silent { api: String, why: String },

    #[error("what answers on {api} is not the API of Traefik 3: {why}")]
    NotTraefik { api: String, why: String },

    #[error("{} is gone, so Traefik has dropped this application: `crossfade application put-right` mends it", .path.display())]
    FileMissing { path: PathBuf },

    #[error(
        "{} was edited by hand since Crossfade wrote it: `crossfade application put-right` writes it anew",
        .path.display()
    )]
    FileEdited { path: PathBuf },

    #[error(
        "Traefik did not take {} as it is within {seconds} s: {seen}. Its log says why, where it refuses a file (and one \
         with a mistake keeps out all the others of the folder); its file provider must watch that folder", .file.display()
    )]
    NotInEffect { file: PathBuf, seconds: u64, seen: String },

    #[error("Traefik does not serve the application {application}: `crossfade application put-right` mends it")]
    NotServed { application: String },

    #[error(
        "Traefik splits the traffic of {service} in a way that no weight explains: `crossfade application put-right` mends it"
    )]
    Mixed { service: String },
}
