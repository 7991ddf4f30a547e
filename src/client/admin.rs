//! What an operator asks of a server, at its admin address.

use tonic::transport::Channel;

use crate::client::{ClientError, MESSAGE_BYTES_MAX, Server};
use crate::pb::HeldFixing;
use crate::pb::admin::admin_service_client::AdminServiceClient;
use crate::pb::admin::{
    ListHeldRequest, RejectHeldRequest, RejectHeldResponse, ReleaseHeldRequest, ReleaseHeldResponse,
};

/// The admin side of a server. Nothing is sent before the first call.
#[derive(Debug, Clone)]
pub struct Admin {
    server: Server,
}

impl Admin {
    /// Takes the URL of an admin listener, such as `http://127.0.0.1:9464`.
    ///
    /// # Errors
    /// When it is not `http://`, a host, and a port if need be.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        let server = Server::new(url)?;
        Ok(Self { server })
    }

    /// A client on a connection of its own, made when the first call needs it.
    fn connect(&self) -> AdminServiceClient<Channel> {
        let channel = self.server.endpoint.connect_lazy();
        AdminServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The values that wait for a decision, sorted by id.
    pub async fn held(&self) -> Result<Vec<HeldFixing>, ClientError> {
        let mut client = self.connect();
        let call = client.list_held(ListHeldRequest {});
        Ok(self.server.answer(call).await?.held)
    }

    /// Serves a held value from now on. With `value`, only if that is still the value held.
    pub async fn release(
        &self,
        id: &str,
        value: Option<&str>,
        note: &str,
    ) -> Result<ReleaseHeldResponse, ClientError> {
        let request = ReleaseHeldRequest {
            id: id.to_owned(),
            value: value.map(str::to_owned),
            note: note.to_owned(),
        };
        let mut client = self.connect();
        self.server.answer(client.release_held(request)).await
    }

    /// Drops a held value for good. With `value`, only if that is still the value held.
    pub async fn reject(
        &self,
        id: &str,
        value: Option<&str>,
        note: &str,
    ) -> Result<RejectHeldResponse, ClientError> {
        let request = RejectHeldRequest {
            id: id.to_owned(),
            value: value.map(str::to_owned),
            note: note.to_owned(),
        };
        let mut client = self.connect();
        self.server.answer(client.reject_held(request)).await
    }
}
