//! What an operator asks of a server, on its admin listener: held values, tables of the past, the store.

use std::time::Duration;

use jiff::civil::Date;
use tonic::transport::Channel;

use crate::client::{Client, ClientError, MESSAGE_BYTES_MAX};
use crate::pb::HeldFixing;
use crate::pb::admin::admin_service_client::AdminServiceClient;
use crate::pb::admin::{
    FileTableRequest, FileTableResponse, GetStoreRequest, GetStoreResponse, ListFiledDatesRequest,
    ListFiledDatesResponse, ListHeldRequest, RejectHeldRequest, RejectHeldResponse,
    ReleaseHeldRequest, ReleaseHeldResponse, Table,
};

/// Some answers wait for the disk, and a commit for those before it: longer than this nothing but a fault takes.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A server's admin listener. Nothing is sent before the first call.
#[derive(Debug, Clone)]
pub struct Admin {
    client: Client,
}

impl Admin {
    /// Takes a URL such as `http://127.0.0.1:9464`.
    ///
    /// # Errors
    /// When it is not `http://`, a host, and a port if need be.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        let client = Client::new(url)?;
        Ok(Self { client })
    }

    /// The URL.
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// The values that wait for a decision, sorted by id.
    pub async fn held(&self) -> Result<Vec<HeldFixing>, ClientError> {
        let mut client = self.connect();
        let answer = self.answer(client.list_held(ListHeldRequest {})).await;
        Ok(answer?.held)
    }

    /// Serves a held value from now on. With a `value` (its digits as they were seen) only that one, not another that
    /// has taken its place since.
    pub async fn release(
        &self,
        id: &str,
        value: Option<&str>,
        note: &str,
    ) -> Result<ReleaseHeldResponse, ClientError> {
        let mut client = self.connect();
        let request = ReleaseHeldRequest {
            id: id.to_owned(),
            value: value.map(str::to_owned),
            note: note.to_owned(),
        };
        self.answer(client.release_held(request)).await
    }

    /// Drops a held value for good. With a `value` (its digits as they were seen) only that one, not another that has
    /// taken its place since.
    pub async fn reject(
        &self,
        id: &str,
        value: Option<&str>,
        note: &str,
    ) -> Result<RejectHeldResponse, ClientError> {
        let mut client = self.connect();
        let request = RejectHeldRequest {
            id: id.to_owned(),
            value: value.map(str::to_owned),
            note: note.to_owned(),
        };
        self.answer(client.reject_held(request)).await
    }

    /// The dates, from the first to the last, of which a document's table is known.
    pub async fn filed_dates(
        &self,
        source: &str,
        document: &str,
        (first, last): (Date, Date),
    ) -> Result<ListFiledDatesResponse, ClientError> {
        let mut client = self.connect();
        let request = ListFiledDatesRequest {
            source: source.to_owned(),
            document: document.to_owned(),
            start_date: first.to_string(),
            end_date: last.to_string(),
        };
        self.answer(client.list_filed_dates(request)).await
    }

    /// Hands in a table of the past. A table that the server refuses to believe is no error: the answer says why.
    pub async fn file_table(&self, table: Table) -> Result<FileTableResponse, ClientError> {
        let mut client = self.connect();
        let table = Some(table);
        self.answer(client.file_table(FileTableRequest { table }))
            .await
    }

    /// Where history is kept, and whether it can be written.
    pub async fn store(&self) -> Result<GetStoreResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.get_store(GetStoreRequest {})).await
    }

    /// A client on a connection of its own, made when the call needs it.
    fn connect(&self) -> AdminServiceClient<Channel> {
        let channel = self.client.endpoint.connect_lazy();
        AdminServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, ClientError> {
        self.client.answer_within(ADMIN_TIMEOUT, call).await
    }
}
