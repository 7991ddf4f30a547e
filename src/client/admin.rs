//! A client of the operators' port: held values, tables of the past, the ledger.

use std::time::Duration;

use jiff::civil::Date;
use tonic::{Response, Status};

use crate::client::{Client, ClientError, ClientOptions, KeyedChannel, MESSAGE_BYTES_MAX};
use crate::pb::HeldFixing;
use crate::pb::admin::admin_service_client::AdminServiceClient;
use crate::pb::admin::{
    FileTableRequest, FileTableResponse, GetSettingsRequest, GetSettingsResponse, GetStoreRequest,
    GetStoreResponse, ListFiledDatesRequest, ListFiledDatesResponse, ListHeldRequest,
    ListReplicasRequest, ListReplicasResponse, RejectHeldRequest, RejectHeldResponse,
    ReleaseHeldRequest, ReleaseHeldResponse, StepDownRequest, StepDownResponse, Table,
};

/// Some responses wait for the disk, and a commit for the commits before it: only a fault takes longer.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the operators' port of one server. Of replicas one takes decisions and tables: what another one refuses for that
/// reason is sent to that one, if the refusal says where it is reached.
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
    /// How another replica is connected to.
    options: ClientOptions,
}

impl Admin {
    /// A client for a URL such as `http://127.0.0.1:9464`, as that of [`Client::new`].
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::with_options(url, &ClientOptions::default())
    }

    /// A client that connects in the way of the options, as that of [`Client::with_options`].
    pub fn with_options(url: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        Ok(Self {
            client: Client::at_one(url, options)?,
            options: options.clone(),
        })
    }

    /// The same client with one connection for all its calls, as [`Client::on_one_connection`].
    #[cfg(feature = "service")]
    pub(crate) fn on_one_connection(self) -> Self {
        let client = self.client.on_one_connection();
        Self { client, ..self }
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
        let request = ReleaseHeldRequest {
            id: id.to_owned(),
            value: value.map(str::to_owned),
            note: note.to_owned(),
        };
        self.at_leader(|mut client| {
            let request = request.clone();
            async move { client.release_held(request).await }
        })
        .await
    }

    /// Rejects a held value for good. With a `value` (the digits as they were seen) only if that value is still held, and not
    /// another one in its place.
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
        self.at_leader(|mut client| {
            let request = request.clone();
            async move { client.reject_held(request).await }
        })
        .await
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
        let request = FileTableRequest { table: Some(table) };
        self.at_leader(|mut client| {
            let request = request.clone();
            async move { client.file_table(request).await }
        })
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

    /// The replicas that share a log with the server, and which of them leads.
    pub async fn replicas(&self) -> Result<ListReplicasResponse, ClientError> {
        let mut client = self.connect();
        self.answer(client.list_replicas(ListReplicasRequest {}))
            .await
    }

    /// Lets another replica take the lead from the one that leads.
    pub async fn step_down(&self) -> Result<StepDownResponse, ClientError> {
        self.at_leader(|mut client| async move { client.step_down(StepDownRequest {}).await })
            .await
    }

    /// Makes a call that one of several replicas takes: where this one names that, there.
    async fn at_leader<T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        call: impl Fn(AdminServiceClient<KeyedChannel>) -> F,
    ) -> Result<T, ClientError> {
        let refused = match self.answer(call(self.connect())).await {
            Err(refused) => refused,
            answered => return answered,
        };
        let Some(address) = refused.leader_address() else {
            return Err(refused);
        };
        let leader = Self::with_options(address, &self.options)?;
        leader.answer(call(leader.connect())).await
    }

    /// The generated client, on a connection of its own that is opened by the call.
    fn connect(&self) -> AdminServiceClient<KeyedChannel> {
        let (channel, prefix) = self.client.server().keyed_channel();
        AdminServiceClient::with_origin(channel, prefix)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, ClientError> {
        self.client.answer_within(ADMIN_TIMEOUT, call).await
    }
}
