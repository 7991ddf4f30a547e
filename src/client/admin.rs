//! A client of the operators' port: held values, tables of the past, the ledger.

use std::time::Duration;

use jiff::civil::Date;

use crate::client::{Client, ClientError, ClientOptions, KeyedChannel, MESSAGE_BYTES_MAX};
use crate::pb::HeldFixing;
use crate::pb::admin::admin_service_client::AdminServiceClient;
use crate::pb::admin::{
    FileTableRequest, FileTableResponse, GetSettingsRequest, GetSettingsResponse, GetStoreRequest,
    GetStoreResponse, ListFiledDatesRequest, ListFiledDatesResponse, ListHeldRequest,
    RejectHeldRequest, RejectHeldResponse, ReleaseHeldRequest, ReleaseHeldResponse, Table,
};

/// Some responses wait for the disk, and a commit for the commits before it: only a fault takes longer.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the operators' port of one server.
///
/// ```no_run
/// use silkrate::client::{Admin, ClientError};
///
/// # async fn example() -> Result<(), ClientError> {
/// let admin = Admin::new("http://127.0.0.1:9464")?;
/// for held in admin.held().await? {
///     // With the value that was seen: another value that is held by then is not released.
///     let value = held.fixing.as_ref().map(|fixing| fixing.value.as_str());
///     admin.release(&held.id, value, "confirmed with the bank").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Admin {
    pub(super) client: Client,
}

impl Admin {
    /// A client for a URL such as `http://127.0.0.1:9464`, as that of [`Client::new`].
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::with_options(url, &ClientOptions::default())
    }

    /// A client that connects in the way of the options, as that of [`Client::with_options`].
    pub fn with_options(url: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        let client = Client::with_options(url, options)?;
        Ok(Self { client })
    }

    /// The same client with one connection for all its calls, as [`Client::on_one_connection`].
    #[cfg(feature = "service")]
    pub(crate) fn on_one_connection(self) -> Self {
        let client = self.client.on_one_connection();
        Self { client }
    }

    /// The URL.
    pub fn url(&self) -> &str {
        self.client.url()
    }

    /// The held values, sorted by id.
    pub async fn held(&self) -> Result<Vec<HeldFixing>, ClientError> {
        let mut client = self.connect();
        let answer = self.answer(client.list_held(ListHeldRequest {})).await;
        Ok(answer?.held)
    }

    /// Releases a held value: it is served from now on. With a `value` (the digits as they were seen) only if that value is
    /// still held, and not another one in its place.
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

    /// Rejects a held value for good. With a `value` (the digits as they were seen) only if that value is still held, and not
    /// another one in its place.
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

    /// The dates, from the first to the last, for which the server has a table of a document.
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

    /// Files a table of the past. A table that fails the server's checks is no error: the response gives the reason.
    pub async fn file_table(&self, table: Table) -> Result<FileTableResponse, ClientError> {
        let mut client = self.connect();
        let table = Some(table);
        self.answer(client.file_table(FileTableRequest { table }))
            .await
    }

    /// The path of the ledger, and whether it can be written.
    pub async fn store(&self) -> Result<GetStoreResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.get_store(GetStoreRequest {})).await
    }

    /// The settings in force.
    pub async fn settings(&self) -> Result<GetSettingsResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.get_settings(GetSettingsRequest {}))
            .await
    }

    /// The generated client, on a connection of its own that is opened by the call.
    fn connect(&self) -> AdminServiceClient<KeyedChannel> {
        let (channel, prefix) = self.client.server().keyed_channel();
        AdminServiceClient::with_origin(channel, prefix)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> Result<T, ClientError> {
        self.client.answer_within(ADMIN_TIMEOUT, call).await
    }
}
