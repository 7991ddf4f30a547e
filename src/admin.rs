//! The operators' port: what an operator decides, and tables that are backfilled, over gRPC; and over HTTP on the same port
//! the probes of a supervisor, and the metrics. Calls become messages to the commit task; nothing is changed here.

mod metrics;
mod pages;
mod readiness;
mod replicas;
mod settings;
mod table;
mod text;

pub use metrics::{MetricSources, Metrics, Traffic};
pub use pages::{needs_http2, opening_pages, pages};
pub use readiness::Readiness;
pub use table::ROWS_MAX;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::commit::{CommitHandle, DecisionReceipt, NotTaken, Stopped};
use crate::config::{Config, Shared};
use crate::domain::{HeldOutcome, OtherReplica, Refusal, changes_the_line, parse_decimal};
use crate::pb::admin as pb;
use crate::pb::admin::admin_service_server::AdminService;
use crate::queries::Queries;
use crate::shared::node::{NoLead, NodeHandle};
use crate::wire;

/// How much of an operator's note is kept: a sentence or two.
pub const NOTE_CHARS_MAX: usize = 500;

/// The `AdminService` of the contract.
#[derive(Debug, Clone)]
pub struct Operators {
    queries: Queries,
    commit: CommitHandle,
    /// This replica of a shared log; `None` if the service runs alone.
    replica: Option<NodeHandle>,
    config: watch::Receiver<Config>,
}

impl Operators {
    /// Renders what `queries` answers, what `replica` reports and the configuration in force, and hands decisions and tables to
    /// `commit`.
    pub fn new(
        queries: Queries,
        (commit, replica): (CommitHandle, Option<NodeHandle>),
        config: watch::Receiver<Config>,
    ) -> Self {
        Self {
            queries,
            commit,
            replica,
            config,
        }
    }

    /// This replica, and the settings of the log.
    fn shared(&self) -> Result<(&NodeHandle, Shared), Refusal> {
        let settings = self.config.borrow().shared.clone();
        self.replica
            .as_ref()
            .zip(settings)
            .ok_or(Refusal::NotShared)
    }

    async fn decide(
        &self,
        (id, value, note): (String, Option<String>, &str),
        outcome: HeldOutcome,
    ) -> Result<DecisionReceipt, Refusal> {
        let value = value.as_deref().map(parse_decimal).transpose();
        let value = value.map_err(Refusal::InvalidHeldValue)?;
        let note: String = note
            .chars()
            .filter(|character| !changes_the_line(*character))
            .take(NOTE_CHARS_MAX)
            .collect();
        let decided = self.commit.decide(id, value, outcome, note).await;
        decided
            .map_err(|error| not_taken(&error))?
            .map_err(Refusal::DecisionError)
    }
}

/// Why the commit task did not take what an operator decided.
fn not_taken(error: &NotTaken) -> Refusal {
    match error {
        NotTaken::Stopped(_) => Refusal::Draining,
        NotTaken::NotLeader(leader) => Refusal::NotLeader(OtherReplica {
            node: leader.node.clone(),
            address: leader.admin_address.clone(),
        }),
    }
}

#[tonic::async_trait]
impl AdminService for Operators {
    async fn list_held(
        &self,
        _request: Request<pb::ListHeldRequest>,
    ) -> Result<Response<pb::ListHeldResponse>, Status> {
        let held = self.queries.held();
        let held = held.iter().map(|held| wire::to_held(held)).collect();
        Ok(Response::new(pb::ListHeldResponse { held }))
    }

    async fn release_held(
        &self,
        request: Request<pb::ReleaseHeldRequest>,
    ) -> Result<Response<pb::ReleaseHeldResponse>, Status> {
        let pb::ReleaseHeldRequest { id, value, note } = request.into_inner();
        let decided = self
            .decide((id, value, &note), HeldOutcome::Released)
            .await?;
        Ok(Response::new(pb::ReleaseHeldResponse {
            position: Some(wire::to_position(&decided.position)),
            held: Some(wire::to_held(&decided.held)),
        }))
    }

    async fn reject_held(
        &self,
        request: Request<pb::RejectHeldRequest>,
    ) -> Result<Response<pb::RejectHeldResponse>, Status> {
        let pb::RejectHeldRequest { id, value, note } = request.into_inner();
        let decided = self
            .decide((id, value, &note), HeldOutcome::Rejected)
            .await?;
        Ok(Response::new(pb::RejectHeldResponse {
            position: Some(wire::to_position(&decided.position)),
            held: Some(wire::to_held(&decided.held)),
        }))
    }

    async fn list_filed_dates(
        &self,
        request: Request<pb::ListFiledDatesRequest>,
    ) -> Result<Response<pb::ListFiledDatesResponse>, Status> {
        let pb::ListFiledDatesRequest {
            source,
            document,
            start_date,
            end_date,
        } = request.into_inner();
        let document = self.queries.document(&source, &document)?;
        let dates = self.queries.filed_dates(document, &start_date, &end_date);
        let dates = dates.await?;
        Ok(Response::new(pb::ListFiledDatesResponse {
            dates: dates.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn file_table(
        &self,
        request: Request<pb::FileTableRequest>,
    ) -> Result<Response<pb::FileTableResponse>, Status> {
        let table = request.into_inner().table.unwrap_or_default();
        let key = self.queries.document(&table.source, &table.document)?;
        let table = table::read(key, &table)?;
        let admitted = self.commit.backfill(key.source, table).await;
        let admitted = admitted.map_err(|error| not_taken(&error))?;
        Ok(Response::new(pb::FileTableResponse {
            refused: wire::present(&admitted.refused),
            news: admitted.has_changes,
            held_rows: u32::try_from(admitted.held_rows).unwrap_or(u32::MAX),
        }))
    }

    async fn get_store(
        &self,
        _request: Request<pb::GetStoreRequest>,
    ) -> Result<Response<pb::GetStoreResponse>, Status> {
        let status = self.commit.ledger_status();
        let status = status.map_err(|Stopped| Refusal::Draining)?;
        Ok(Response::new(pb::GetStoreResponse {
            path: wire::present(&status.path),
            error: wire::present(&status.error),
            unsaved_entries: u32::try_from(status.unsaved).unwrap_or(u32::MAX),
            position: Some(wire::to_position(&status.position)),
            server_time: Some(wire::to_timestamp(self.queries.now())),
        }))
    }

    async fn list_replicas(
        &self,
        _request: Request<pb::ListReplicasRequest>,
    ) -> Result<Response<pb::ListReplicasResponse>, Status> {
        let (node, settings) = self.shared()?;
        Ok(Response::new(replicas::list(node, &settings).await))
    }

    async fn step_down(
        &self,
        _request: Request<pb::StepDownRequest>,
    ) -> Result<Response<pb::StepDownResponse>, Status> {
        let (node, settings) = self.shared()?;
        let stepped = node.step_down().await;
        let leader =
            stepped.map_err(|NoLead { leader }| Refusal::NotLeader(replicas::other(leader)))?;
        Ok(Response::new(pb::StepDownResponse {
            node: settings.node,
            leader: leader.map(|leader| leader.node),
        }))
    }

    async fn get_settings(
        &self,
        _request: Request<pb::GetSettingsRequest>,
    ) -> Result<Response<pb::GetSettingsResponse>, Status> {
        Ok(Response::new(settings::of(&self.config.borrow())))
    }
}
