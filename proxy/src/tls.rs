//! TLS: certificates by host name, read again when their files change.

use crate::settings::Certificate;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;

pub const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// How often the files are looked at.
pub const LOOK: Duration = Duration::from_secs(10);

/// All certificates.
#[derive(Debug)]
pub struct Certificates {
    files: Vec<Certificate>,
    provider: Arc<CryptoProvider>,
    current: RwLock<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    keys: Vec<Arc<CertifiedKey>>,
    changed: Vec<Option<SystemTime>>,
}

impl Certificates {
    /// # Errors
    /// What is wrong with which file.
    pub fn open(files: Vec<Certificate>) -> Result<Arc<Certificates>, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let certificates = Certificates { files, provider, current: RwLock::default() };
        certificates.load()?;
        Ok(Arc::new(certificates))
    }

    /// Reads them again when they have changed. Until they can be read, the former ones stay.
    pub fn refresh(&self) {
        let changed = self.changed();
        if self.current.read().unwrap_or_else(PoisonError::into_inner).changed != changed {
            match self.load() {
                Ok(()) => tracing::info!("the certificates were read again"),
                Err(error) => tracing::error!("the certificates have changed, and the former ones stay: {error}"),
            }
        }
    }

    fn changed(&self) -> Vec<Option<SystemTime>> {
        let paths = self.files.iter().flat_map(|files| [&files.chain, &files.key]);
        paths.map(|path| fs::metadata(path).and_then(|file| file.modified()).ok()).collect()
    }

    fn load(&self) -> Result<(), String> {
        let changed = self.changed();
        let keys = self.files.iter().map(|files| key(files, &self.provider).map(Arc::new)).collect::<Result<_, _>>()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Loaded { keys, changed };
        Ok(())
    }

    /// # Errors
    /// When the cryptography cannot do what TLS needs.
    pub fn acceptor(self: &Arc<Certificates>) -> Result<TlsAcceptor, String> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let name = hello.server_name().and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let fits = |key: &&Arc<CertifiedKey>| name.as_ref().is_some_and(|name| is_for(key, name));
        current.keys.iter().find(fits).or(current.keys.first()).cloned()
    }
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = key.cert.first().and_then(|certificate| webpki::EndEntityCert::try_from(certificate).ok());
    certificate.is_some_and(|certificate| certificate.verify_is_valid_for_subject_name(name).is_ok())
}

fn key(files: &Certificate, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let chain: Vec<CertificateDer> = CertificateDer::pem_file_iter(&files.chain)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&files.chain, "PEM certificates", error))?;
    if chain.is_empty() {
        return Err(wrong(&files.chain, "PEM certificates", "there is none"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, "a PEM private key", error))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        wrong(&files.key, &format!("the private key of the first certificate in {}", files.chain.display()), error)
    })
}

fn wrong(path: &Path, expected: &str, why: impl std::fmt::Display) -> String {
    format!("{} cannot be used: expected {expected}: {why}", path.display())
}
