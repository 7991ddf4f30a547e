//! The key that a client sends.

use std::fmt;
use std::path::Path;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::client::ClientError;

/// The metadata that has the key.
const AUTHORIZATION: &str = "authorization";

/// The key of a client, which the operator of a server gives out. It is never printed.
///
/// ```
/// use silkrate::client::{AccessKey, ClientError};
///
/// let key = AccessKey::new("silkrate_pSvA2Yk1gGSa0oQ4bEw3uYQ0rX2Jm8cFh6tLzN5dVwI")?;
/// assert_eq!(format!("{key:?}"), "AccessKey(…)");
/// # Ok::<(), ClientError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey(MetadataValue<Ascii>);

impl AccessKey {
    /// The key of a text.
    ///
    /// # Errors
    /// When it has blanks or letters that no key has.
    pub fn new(text: &str) -> Result<Self, ClientError> {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let value = is_plain.then(|| format!("Bearer {text}").parse().ok());
        let mut value: MetadataValue<Ascii> = value.flatten().ok_or_else(|| {
            ClientError::Key("a key has letters, digits, hyphens and underscores alone".to_owned())
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The key in a file that has nothing else but white space around it.
    ///
    /// # Errors
    /// When the file cannot be read, or has no key.
    pub fn read(file: &Path) -> Result<Self, ClientError> {
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| ClientError::Key(format!("{shown}: {error}")))?;
        Self::new(text.trim()).map_err(|_no_key| {
            ClientError::Key(format!(
                "{shown}: there is no key in it, or more than one line"
            ))
        })
    }

    /// The value of the header.
    #[cfg(feature = "service")]
    pub(super) fn header(&self) -> http::HeaderValue {
        let value = http::HeaderValue::from_bytes(self.0.as_encoded_bytes());
        let mut value = value.unwrap_or(http::HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessKey(…)")
    }
}

/// Adds the key, if there is one, to every call.
#[derive(Debug, Clone)]
pub(super) struct WithKey(pub(super) Option<AccessKey>);

impl Interceptor for WithKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Self(Some(AccessKey(value))) = self {
            request.metadata_mut().insert(AUTHORIZATION, value.clone());
        }
        Ok(request)
    }
}
