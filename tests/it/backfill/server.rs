//! An admin listener that records the tables it receives, and refuses those that a test names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use prost_types::Timestamp;
use silkrate::client::Admin;
use silkrate::pb::admin::admin_service_server::{AdminService, AdminServiceServer};
use silkrate::pb::admin::{
    FileTableRequest, FileTableResponse, GetSettingsRequest, GetSettingsResponse, GetStoreRequest,
    GetStoreResponse, ListFiledDatesRequest, ListFiledDatesResponse, ListHeldRequest,
    ListHeldResponse, ListReplicasRequest, ListReplicasResponse, RejectHeldRequest,
    RejectHeldResponse, ReleaseHeldRequest, ReleaseHeldResponse, StepDownRequest, StepDownResponse,
    Table,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// What is recorded, and what a test sets.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Every table received, in that order.
    pub(super) tables: Vec<Table>,
    /// The dates filed already, by source and document.
    pub(super) known: BTreeMap<(String, String), BTreeSet<String>>,
    /// The responses to the tables of these dates.
    pub(super) answers: BTreeMap<String, FileTableResponse>,
    /// The dates whose tables are refused as malformed.
    pub(super) invalid: BTreeSet<String>,
    /// The clock of the server; an earlier server does not tell it.
    pub(super) server_time: Option<Timestamp>,
    /// How many of the next tables are refused for a temporary reason.
    pub(super) unavailable: u32,
}

#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Shared>>);

/// A running server; it stops when dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) admin: Admin,
    pub(super) shared: Arc<Mutex<Shared>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let recorder = Recorder::default();
        let shared = Arc::clone(&recorder.0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = AdminServiceServer::new(recorder);
        let router = tonic::transport::Server::builder().add_service(service);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            router.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            admin: Admin::new(&url).unwrap(),
            shared,
            _tasks: tasks,
        }
    }

    /// The dates of the tables received, in that order.
    pub(super) fn dates(&self) -> Vec<String> {
        let shared = self.shared.lock().unwrap();
        let dates = shared.tables.iter().map(|table| &table.effective_date);
        dates.cloned().collect()
    }

    /// Marks dates as filed already.
    pub(super) fn knows(&self, source: &str, document: &str, dates: &[&str]) {
        let mut shared = self.shared.lock().unwrap();
        let key = (source.to_owned(), document.to_owned());
        let known = shared.known.entry(key).or_default();
        known.extend(dates.iter().map(|date| (*date).to_owned()));
    }

    /// Sets the response to the table of a date.
    pub(super) fn answers(&self, date: &str, answer: FileTableResponse) {
        let mut shared = self.shared.lock().unwrap();
        shared.answers.insert(date.to_owned(), answer);
    }
}

fn status(code: Code, reason: &str, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, "silkrate", []);
    Status::with_error_details(code, message, details)
}

#[tonic::async_trait]
impl AdminService for Recorder {
    async fn list_filed_dates(
        &self,
        request: Request<ListFiledDatesRequest>,
    ) -> Result<Response<ListFiledDatesResponse>, Status> {
        let request = request.into_inner();
        if request.source == "cbu" {
            let text = "cbu is not enabled here";
            return Err(status(Code::InvalidArgument, "INVALID_SOURCE", text));
        }
        let shared = self.0.lock().unwrap();
        let known = shared.known.get(&(request.source, request.document));
        let within = request.start_date..=request.end_date;
        let dates = known.into_iter().flatten();
        let dates = dates.filter(|date| within.contains(*date));
        let dates = dates.cloned().collect();
        Ok(Response::new(ListFiledDatesResponse { dates }))
    }

    async fn file_table(
        &self,
        request: Request<FileTableRequest>,
    ) -> Result<Response<FileTableResponse>, Status> {
        let table = request.into_inner().table.unwrap();
        let mut shared = self.0.lock().unwrap();
        if shared.unavailable > 0 {
            shared.unavailable -= 1;
            return Err(status(Code::Unavailable, "STORE_UNAVAILABLE", "busy"));
        }
        let date = table.effective_date.clone();
        let key = (table.source.clone(), table.document.clone());
        shared.tables.push(table);
        if shared.invalid.contains(&date) {
            let text = "there is no such nominal";
            return Err(status(Code::InvalidArgument, "INVALID_TABLE", text));
        }
        let news = shared.known.entry(key).or_default().insert(date.clone());
        let accepted = FileTableResponse {
            news,
            ..FileTableResponse::default()
        };
        let answer = shared.answers.get(&date).cloned().unwrap_or(accepted);
        Ok(Response::new(answer))
    }

    async fn get_settings(
        &self,
        _request: Request<GetSettingsRequest>,
    ) -> Result<Response<GetSettingsResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn get_store(
        &self,
        _request: Request<GetStoreRequest>,
    ) -> Result<Response<GetStoreResponse>, Status> {
        let path = Some("silkrate.db".to_owned());
        Ok(Response::new(GetStoreResponse {
            path,
            server_time: self.0.lock().unwrap().server_time,
            ..GetStoreResponse::default()
        }))
    }

    async fn list_replicas(
        &self,
        _request: Request<ListReplicasRequest>,
    ) -> Result<Response<ListReplicasResponse>, Status> {
        Err(Status::unimplemented("not used by a backfill"))
    }

    async fn step_down(
        &self,
        _request: Request<StepDownRequest>,
    ) -> Result<Response<StepDownResponse>, Status> {
        Err(Status::unimplemented("not used by a backfill"))
    }

    async fn list_held(
        &self,
        _request: Request<ListHeldRequest>,
    ) -> Result<Response<ListHeldResponse>, Status> {
        Err(Status::unimplemented("not used by a backfill"))
    }

    async fn release_held(
        &self,
        _request: Request<ReleaseHeldRequest>,
    ) -> Result<Response<ReleaseHeldResponse>, Status> {
        Err(Status::unimplemented("not used by a backfill"))
    }

    async fn reject_held(
        &self,
        _request: Request<RejectHeldRequest>,
    ) -> Result<Response<RejectHeldResponse>, Status> {
        Err(Status::unimplemented("not used by a backfill"))
    }
}
