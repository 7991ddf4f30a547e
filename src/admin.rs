//! The admin listener: what an operator decides, and tables of the past that are handed in. Requests become messages to
//! the commit task; nothing is changed here.

mod table;

use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::board::BoardReader;
use crate::commit::{CommitHandle, Decided, Stopped};
use crate::domain::{DocumentKey, Outcome, parse_decimal};
use crate::ledger::LedgerReader;
use crate::pb::admin as pb;
use crate::pb::admin::admin_service_server::AdminService;
use crate::wire::{self, refusal};

/// How much of an operator's note is kept: a sentence or two.
const NOTE_CHARS_MAX: usize = 500;

/// The service.
#[derive(Debug, Clone)]
pub struct Admin {
    board: BoardReader,
    commit: CommitHandle,
    ledger: watch::Receiver<Option<LedgerReader>>,
}

impl Admin {
    /// Decides through a commit handle.
    pub fn new(
        board: BoardReader,
        commit: CommitHandle,
        ledger: watch::Receiver<Option<LedgerReader>>,
    ) -> Self {
        Self {
            board,
            commit,
            ledger,
        }
    }

    async fn decide(
        &self,
        (id, value, note): (String, Option<String>, &str),
        outcome: Outcome,
    ) -> Result<Decided, Status> {
        let value = value.as_deref().map(parse_decimal).transpose();
        let value = value.map_err(|error| refusal::invalid_amount("value", error))?;
        let note: String = note
            .chars()
            .filter(|character| !character.is_control())
            .take(NOTE_CHARS_MAX)
            .collect();
        let decided = self.commit.decide(id, value, outcome, note).await;
        decided
            .map_err(|Stopped| refusal::draining())?
            .map_err(|error| refusal::not_decided(&error))
    }

    /// The document that a request names.
    fn key(&self, source: &str, document: &str) -> Result<DocumentKey, Status> {
        let record = self.board.record(source).ok_or_else(|| {
            let known: Vec<String> = self
                .board
                .snapshot()
                .sources()
                .map(|state| state.id.to_string())
                .collect();
            let message = format!(
                "`{}` is none of {}",
                source.escape_debug(),
                known.join(", ")
            );
            refusal::invalid_source("source", message)
        })?;
        let known = record.document(document).ok_or_else(|| {
            let known: Vec<&str> = record.documents.iter().map(|known| known.name).collect();
            let document = document.escape_debug();
            let message = format!("`{document}` of {source} is none of {}", known.join(", "));
            refusal::invalid_source("document", message)
        })?;
        Ok(DocumentKey {
            source: record.id,
            document: known.name,
        })
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn list_held(
        &self,
        _request: Request<pb::ListHeldRequest>,
    ) -> Result<Response<pb::ListHeldResponse>, Status> {
        let snapshot = self.board.snapshot();
        let mut held: Vec<_> = snapshot
            .sources()
            .flat_map(|state| &state.held)
            .map(|held| wire::to_held(held))
            .collect();
        held.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Response::new(pb::ListHeldResponse { held }))
    }

    async fn release_held(
        &self,
        request: Request<pb::ReleaseHeldRequest>,
    ) -> Result<Response<pb::ReleaseHeldResponse>, Status> {
        let pb::ReleaseHeldRequest { id, value, note } = request.into_inner();
        let decided = self.decide((id, value, &note), Outcome::Released).await?;
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
        let decided = self.decide((id, value, &note), Outcome::Rejected).await?;
        Ok(Response::new(pb::RejectHeldResponse {
            position: Some(wire::to_position(&decided.position)),
            held: Some(wire::to_held(&decided.held)),
        }))
    }

    async fn list_filed_dates(
        &self,
        request: Request<pb::ListFiledDatesRequest>,
    ) -> Result<Response<pb::ListFiledDatesResponse>, Status> {
        let request = request.into_inner();
        let key = self.key(&request.source, &request.document)?;
        let span = wire::inwards::span(&request.start_date, &request.end_date)?;
        let ledger = self.ledger.borrow().clone();
        let ledger =
            ledger.ok_or_else(|| refusal::store_unavailable("the ledger cannot be read"))?;
        let dates = ledger.dates(key, span.from, span.to).await;
        let dates = dates.map_err(|error| refusal::store_unavailable(&error.to_string()))?;
        Ok(Response::new(pb::ListFiledDatesResponse {
            dates: dates.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn file_table(
        &self,
        request: Request<pb::FileTableRequest>,
    ) -> Result<Response<pb::FileTableResponse>, Status> {
        let table = request.into_inner().table.unwrap_or_default();
        let key = self.key(&table.source, &table.document)?;
        let table = table::read(key, &table)?;
        let admitted = self.commit.backfill(key.source, table).await;
        let admitted = admitted.map_err(|Stopped| refusal::draining())?;
        Ok(Response::new(pb::FileTableResponse {
            refused: admitted.refused,
            news: admitted.news,
            held_rows: u32::try_from(admitted.held_rows).unwrap_or(u32::MAX),
        }))
    }

    async fn get_store(
        &self,
        _request: Request<pb::GetStoreRequest>,
    ) -> Result<Response<pb::GetStoreResponse>, Status> {
        let status = self.commit.store().await;
        let status = status.map_err(|Stopped| refusal::draining())?;
        Ok(Response::new(pb::GetStoreResponse {
            path: status.path,
            error: status.error,
            unsaved_entries: u32::try_from(status.unsaved).unwrap_or(u32::MAX),
            position: Some(wire::to_position(&status.position)),
        }))
    }
}
