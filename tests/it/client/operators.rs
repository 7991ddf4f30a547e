//! An admin listener with one held value.

use std::sync::{Arc, Mutex, MutexGuard};

use silkrate::pb::HeldFixing;
use silkrate::pb::admin::admin_service_server::{AdminService, AdminServiceServer};
use silkrate::pb::admin::{
    FileTableRequest, FileTableResponse, GetSettingsRequest, GetSettingsResponse, GetStoreRequest,
    GetStoreResponse, ListFiledDatesRequest, ListFiledDatesResponse, ListHeldRequest,
    ListHeldResponse, ListReplicasRequest, ListReplicasResponse, RejectHeldRequest,
    RejectHeldResponse, ReleaseHeldRequest, ReleaseHeldResponse, ReplicaReport, ReplicaRole,
    StepDownRequest, StepDownResponse,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::client::server::position;

#[derive(Clone)]
pub(super) struct Operators {
    held: Arc<Mutex<Vec<HeldFixing>>>,
    notes: Arc<Mutex<Vec<String>>>,
    /// The URL of another listener, to which decisions are referred.
    leader: Arc<Mutex<Option<String>>>,
}

impl Operators {
    fn leader(&self) -> Option<String> {
        self.leader.lock().unwrap().clone()
    }

    /// Refuses what another listener takes.
    fn refer(&self) -> Result<(), Status> {
        let Some(leader) = self.leader() else {
            return Ok(());
        };
        let mut details = ErrorDetails::new();
        let metadata = [("leader_address".to_owned(), leader)];
        details.set_error_info("NOT_LEADER", "silkrate", metadata);
        let message = "another replica decides";
        Err(Status::with_error_details(
            Code::FailedPrecondition,
            message,
            details,
        ))
    }

    fn held(&self) -> MutexGuard<'_, Vec<HeldFixing>> {
        self.held.lock().unwrap()
    }

    fn keep(&self, note: String) {
        self.notes.lock().unwrap().push(note);
    }

    /// Removes a value from those that are held.
    fn decide(&self, id: &str, value: Option<&str>, note: String) -> Result<HeldFixing, Status> {
        self.refer()?;
        let refusal = |code, message: &str, reason: &str| {
            let mut details = ErrorDetails::new();
            details.set_error_info(reason, "silkrate", []);
            Status::with_error_details(code, message, details)
        };
        let mut held = self.held();
        let Some(index) = held.iter().position(|held| held.id == id) else {
            let message = format!("{id} is not held");
            return Err(refusal(Code::NotFound, &message, "NOT_HELD"));
        };
        let there = held[index].fixing.as_ref().unwrap().value.clone();
        if value.is_some_and(|value| value != there) {
            let message = format!("{id} is {there} by now");
            let code = Code::FailedPrecondition;
            return Err(refusal(code, &message, "HELD_VALUE_CHANGED"));
        }
        self.keep(note);
        Ok(held.remove(index))
    }
}

#[tonic::async_trait]
impl AdminService for Operators {
    async fn list_held(
        &self,
        _request: Request<ListHeldRequest>,
    ) -> Result<Response<ListHeldResponse>, Status> {
        let held = self.held().clone();
        Ok(Response::new(ListHeldResponse { held }))
    }

    async fn release_held(
        &self,
        request: Request<ReleaseHeldRequest>,
    ) -> Result<Response<ReleaseHeldResponse>, Status> {
        let request = request.into_inner();
        let held = self.decide(&request.id, request.value.as_deref(), request.note)?;
        Ok(Response::new(ReleaseHeldResponse {
            position: Some(position(8)),
            held: Some(held),
        }))
    }

    async fn reject_held(
        &self,
        request: Request<RejectHeldRequest>,
    ) -> Result<Response<RejectHeldResponse>, Status> {
        let request = request.into_inner();
        let held = self.decide(&request.id, request.value.as_deref(), request.note)?;
        Ok(Response::new(RejectHeldResponse {
            position: Some(position(9)),
            held: Some(held),
        }))
    }

    async fn list_filed_dates(
        &self,
        _request: Request<ListFiledDatesRequest>,
    ) -> Result<Response<ListFiledDatesResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn file_table(
        &self,
        _request: Request<FileTableRequest>,
    ) -> Result<Response<FileTableResponse>, Status> {
        Err(Status::unimplemented("not scripted"))
    }

    async fn list_replicas(
        &self,
        _request: Request<ListReplicasRequest>,
    ) -> Result<Response<ListReplicasResponse>, Status> {
        let report = ReplicaReport {
            node: "one".to_owned(),
            role: ReplicaRole::Leading.into(),
            record: 412,
            position: Some(position(9)),
            build: "0.1.0".to_owned(),
            ..ReplicaReport::default()
        };
        Ok(Response::new(ListReplicasResponse {
            log: "main".to_owned(),
            node: "one".to_owned(),
            leader: Some("one".to_owned()),
            newest_record: 412,
            replicas: vec![report],
            ..ListReplicasResponse::default()
        }))
    }

    async fn step_down(
        &self,
        _request: Request<StepDownRequest>,
    ) -> Result<Response<StepDownResponse>, Status> {
        self.refer()?;
        let (node, leader) = ("one".to_owned(), Some("two".to_owned()));
        Ok(Response::new(StepDownResponse { node, leader }))
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
        Err(Status::unimplemented("not scripted"))
    }
}

/// A running admin listener; it stops when dropped.
pub(super) struct Running {
    pub(super) url: String,
    service: Operators,
    _tasks: JoinSet<()>,
}

impl Running {
    /// The notes of the decisions made.
    pub(super) fn notes(&self) -> Vec<String> {
        self.service.notes.lock().unwrap().clone()
    }

    /// Refers decisions to another listener from now on.
    pub(super) fn refer_to(&self, url: &str) {
        *self.service.leader.lock().unwrap() = Some(url.to_owned());
    }
}

pub(super) async fn serve(held: HeldFixing) -> Running {
    let service = Operators {
        held: Arc::new(Mutex::new(vec![held])),
        notes: Arc::default(),
        leader: Arc::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router =
        tonic::transport::Server::builder().add_service(AdminServiceServer::new(service.clone()));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let incoming = TcpListenerStream::new(listener);
        router.serve_with_incoming(incoming).await.unwrap();
    });
    Running {
        url,
        service,
        _tasks: tasks,
    }
}
