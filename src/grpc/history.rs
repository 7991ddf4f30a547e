//! The methods that look back: what was published, what a pair stood at, and what an amount was worth.

use std::sync::Arc;

use jiff::civil::Date;
use tonic::Status;

use crate::domain::{Pair, Rate, parse_decimal};
use crate::grpc::Rates;
use crate::grpc::page::Page;
use crate::ledger::{FixingRecord, FixingsPage};
use crate::pb;
use crate::wire::inwards::Span;
use crate::wire::{self, inwards, refusal};

impl Rates {
    pub(super) async fn convert(
        &self,
        request: pb::ConvertAmountRequest,
    ) -> Result<pb::ConvertAmountResponse, Status> {
        let amount = parse_decimal(&request.amount);
        let amount = amount.map_err(|error| refusal::invalid_amount("amount", error))?;
        let pair = Pair {
            base: inwards::currency("from_currency", &request.from_currency)?,
            quote: inwards::currency("to_currency", &request.to_currency)?,
        };
        let present = self.feed.board().snapshot();
        let snapshot = match inwards::date("date", &request.date)? {
            None => Arc::clone(&present),
            Some(day) => {
                let past = self.past.on(pair, day).await?;
                Arc::new(past.ok_or_else(|| refusal::no_rate_on_date(pair, day))?)
            }
        };
        let rate = snapshot.rate(pair);
        let rate = rate.ok_or_else(|| refusal::not_quoted(pair))?;
        let result = snapshot.convert(amount, pair, request.round_to_minor_unit);
        let result = result.ok_or_else(|| refusal::result_too_large(pair))?;
        Ok(pb::ConvertAmountResponse {
            result: result.to_string(),
            rate: Some(if request.date.is_empty() {
                wire::to_rate(&rate)
            } else {
                to_past_rate(&rate)
            }),
            position: Some(wire::to_position(&present.position)),
        })
    }

    pub(super) async fn fixings(
        &self,
        request: pb::ListFixingsRequest,
    ) -> Result<pb::ListFixingsResponse, Status> {
        let source = self.feed.board().record(&request.source);
        let source = source.ok_or_else(|| {
            let message = format!(
                "there is no source `{}` here",
                request.source.escape_debug()
            );
            refusal::invalid_source("source", message)
        })?;
        let currency = inwards::currency("currency", &request.currency)?;
        let span = inwards::span(&request.start_date, &request.end_date)?;
        let question = (
            &request.source,
            currency,
            &request.start_date,
            &request.end_date,
        );
        let page = Page::read(request.page_size, &request.page_token, question)?;
        let foreign = || refusal::invalid_page("page_token", "page_token cannot be read");
        let after = page
            .cursor
            .as_deref()
            .map(|text| cursor(text).ok_or_else(foreign));
        let wanted = page.size.saturating_add(1);
        let mut rows = self
            .past
            .fixings(FixingsPage {
                source: source.id,
                revising: source.revising(),
                currency,
                from: Some(span.from),
                to: Some(span.to),
                after: after.transpose()?,
                limit: u32::try_from(wanted).unwrap_or(u32::MAX),
            })
            .await?;
        let more = rows.len() > page.size;
        rows.truncate(page.size);
        let last = rows.last().filter(|_| more);
        Ok(pb::ListFixingsResponse {
            next_page_token: last
                .map(|row| page.token(&format!("{}/{}", row.fixing.effective_date, row.id)))
                .unwrap_or_default(),
            fixings: rows.iter().map(to_recorded).collect(),
        })
    }

    pub(super) async fn history(
        &self,
        request: pb::ListRateHistoryRequest,
    ) -> Result<pb::ListRateHistoryResponse, Status> {
        let pair = Pair::parse(&request.pair);
        let pair = pair.map_err(|error| refusal::invalid_pair("pair", &error.to_string()))?;
        let asked = inwards::span(&request.start_date, &request.end_date)?;
        let question = (&request.pair, &request.start_date, &request.end_date);
        let page = Page::read(request.page_size, &request.page_token, question)?;
        let before = page.cursor.as_deref().map(str::parse::<Date>).transpose();
        let before = before.map_err(|_not_a_date| {
            refusal::invalid_page("page_token", "page_token cannot be read")
        })?;
        let last = self.last_in_force(pair).unwrap_or(asked.to);
        let to = before.map_or(asked.to.min(last), |date| date.yesterday().unwrap_or(date));
        let span = Span {
            from: asked.from,
            to,
        };
        let mut rates = self
            .past
            .rates(pair, span, page.size.saturating_add(1))
            .await?;
        let more = rates.len() > page.size;
        rates.truncate(page.size);
        let last = rates.last().filter(|_| more);
        Ok(pb::ListRateHistoryResponse {
            next_page_token: last
                .map(|(date, _)| page.token(&date.to_string()))
                .unwrap_or_default(),
            rates: rates.iter().map(|(_, rate)| to_past_rate(rate)).collect(),
        })
    }

    /// The newest date in force of a pair: what is announced has not happened yet.
    fn last_in_force(&self, pair: Pair) -> Option<Date> {
        let snapshot = self.feed.board().snapshot();
        let legs = crate::domain::Snapshot::legs(pair).into_iter();
        let source = legs.filter_map(|(home, other)| snapshot.answers(home, other));
        let today = source.filter_map(|source| {
            let record = self.feed.board().record(source.as_str())?;
            Some(record.today(self.clock.now()))
        });
        today.max()
    }
}

/// A rate of the past: how current it is and how it stands to a month ago are questions to the present.
fn to_past_rate(rate: &Rate) -> pb::Rate {
    pb::Rate {
        freshness: pb::Freshness::Unspecified.into(),
        freshness_reason: String::new(),
        windows: Vec::new(),
        announced: None,
        ..wire::to_rate(rate)
    }
}

fn to_recorded(record: &FixingRecord) -> pb::Fixing {
    pb::Fixing {
        superseded: record.superseded,
        recorded_time: Some(wire::to_timestamp(record.recorded_at)),
        ..wire::to_fixing(&record.fixing)
    }
}

fn cursor(text: &str) -> Option<(Date, i64)> {
    let (date, id) = text.split_once('/')?;
    Some((date.parse().ok()?, id.parse().ok()?))
}
