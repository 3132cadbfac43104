use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::port::PortError;

/// Uploads and exports: they never pass through a function, only their signed addresses do.
#[derive(Clone)]
pub struct Objects {
    /// S3 or a folder.
    pub store: Arc<dyn ObjectStore>,
    /// Signs addresses for it.
    pub signer: Arc<dyn Signer>,
}

/// Signs an address at which a client may read or write one object for a while.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The address, good for `method` and `lifetime`.
    async fn sign(
        &self,
        method: Method,
        path: &Path,
        lifetime: Duration,
    ) -> Result<String, PortError>;
}
