use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of further certificate authorities cannot be used.
    #[error("the certificates in {path} cannot be used")]
    Certificates {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The cryptography does not start.
    #[error("TLS cannot be used")]
    Tls(#[source] rustls::Error),
}

/// Trusts the public roots, and those of `ca_file` for self-hosters.
pub(crate) fn trust(ca_file: Option<&str>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_file {
        let unusable = |source| TrustError::Certificates { path: path.to_owned(), source };
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.into()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(error.into()))?;
            roots.add(certificate).map_err(|error| unusable(error.into()))?;
        }
    }
    let cryptography = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(cryptography)
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
