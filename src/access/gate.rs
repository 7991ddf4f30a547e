//! Admits the requests of one port.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use crate::access::keyring::Holder;
use crate::access::token::ReadToken;
use crate::access::{Access, Identity, InForce, KEY_PREFIX, Key, LOG, Scope};
use crate::callers::Caller;
use crate::domain::{RateFilter, Reason, Refusal, RefusalKind};
use crate::telemetry::KeyRefusals;

/// The scheme of a key in the header.
const SCHEME: &str = "bearer";

/// A port of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// That of gRPC.
    Grpc,
    /// That of browsers.
    Web,
    /// That of operators.
    Admin,
}

impl Port {
    /// Every port.
    pub const ALL: [Self; 3] = [Self::Grpc, Self::Web, Self::Admin];

    /// Its name in the log and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Web => "web",
            Self::Admin => "admin",
        }
    }
}

/// A request that is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub refusal: Refusal,
    /// For how long the answer is kept back: a client that guesses keys gets few answers.
    pub delay: Duration,
}

/// Admits the requests of one port. Clones share the keys.
#[derive(Debug, Clone)]
pub struct Gate {
    access: Access,
    port: Port,
    /// Whether the port is open to all who reach it, as long as no key is required.
    is_open: bool,
}

impl Gate {
    pub(super) fn new(access: Access, port: Port) -> Self {
        Self {
            access,
            port,
            is_open: true,
        }
    }

    /// The same for a port that no one may use without a key, whatever readers need.
    #[must_use]
    pub fn guarded(self, is_guarded: bool) -> Self {
        Self {
            is_open: !is_guarded,
            ..self
        }
    }

    /// Whether a request needs a key.
    pub fn demands_key(&self) -> bool {
        !self.is_open || self.access.is_required()
    }

    /// The key of a request with these headers; `None` if it has none and needs none. A request whose key is
    /// not valid is never taken for one without a key.
    ///
    /// # Errors
    /// When its key is not valid, or not for this scope, or it has none and needs one.
    pub fn admit(
        &self,
        headers: &HeaderMap,
        needed: Scope,
        from: Option<Caller>,
    ) -> Result<Option<Identity>, Rejection> {
        // Most requests have no key, and are done here.
        if !headers.contains_key(AUTHORIZATION) && !self.demands_key() {
            return Ok(None);
        }
        self.identify(headers, needed)
            .map_err(|refusal| self.reject(refusal, from))
    }

    /// The key behind a token, if the token is for these pairs in a page of this origin.
    ///
    /// # Errors
    /// When the token was not made for a valid key of this service, has expired, or is for something else, or a key that is sent
    /// beside it is not valid.
    pub fn admit_token(
        &self,
        (token, headers): (&str, &HeaderMap),
        (pairs, origin): (&RateFilter, Option<&str>),
        from: Option<Caller>,
    ) -> Result<Identity, Rejection> {
        let admitted = || {
            let (in_force, now) = (self.access.in_force(), Timestamp::now());
            self.sent(headers, &in_force)?;
            let read = ReadToken::parse(token).ok_or(Refusal::InvalidToken)?;
            let holder = in_force.keyring.with_id(&read.claims.key);
            let holder = holder.ok_or(Refusal::InvalidToken)?;
            let claims = read.verified(&holder.record.hash, now)?;
            let valid = holder.record.check(now);
            valid.map_err(|_ended| Refusal::InvalidToken)?;
            claims.check(pairs, origin)?;
            Ok(Identity::of_token(holder))
        };
        admitted().map_err(|refusal| self.reject(refusal, from))
    }

    fn identify(&self, headers: &HeaderMap, needed: Scope) -> Result<Option<Identity>, Refusal> {
        let in_force = self.access.in_force();
        let sent = self.sent(headers, &in_force)?;
        let name = needed.as_str();
        if !self.demands_key() {
            return Ok(sent.map(Identity::new));
        }
        let holder = sent.ok_or(Refusal::KeyRequired { needed: name })?;
        if !holder.record.has(needed) {
            return Err(Refusal::InsufficientScope { needed: name });
        }
        Ok(Some(Identity::new(holder)))
    }

    /// The valid key that is sent with a request; `None` if there is none.
    fn sent<'a>(
        &self,
        headers: &HeaderMap,
        in_force: &'a InForce,
    ) -> Result<Option<&'a Arc<Holder>>, Refusal> {
        // A proxy in front may have a scheme or tokens of its own, which are no keys where there are no keys.
        let has_keys = || in_force.file.is_some() || self.demands_key();
        let Some(text) = bearer(headers)?.filter(|text| text.starts_with(KEY_PREFIX) || has_keys())
        else {
            return Ok(None);
        };
        let key = Key::parse(text);
        let holder = key.as_ref().and_then(|key| in_force.keyring.of(key));
        let holder = holder.ok_or(Refusal::InvalidKey)?;
        holder.record.check(Timestamp::now())?;
        Ok(Some(holder))
    }

    /// Counts a refusal, and keeps its answer back if many came before it.
    fn reject(&self, refusal: Refusal, from: Option<Caller>) -> Rejection {
        let refusals = self.refusals();
        let (counter, is_guess) = match refusal.reason() {
            Reason::KeyRequired => (&refusals.missing, false),
            Reason::KeyExpired => (&refusals.expired, true),
            Reason::KeyRevoked => (&refusals.revoked, true),
            Reason::InsufficientScope => (&refusals.scope, false),
            // A page goes on with a token that has ended, without any guess.
            Reason::TokenExpired => (&refusals.token, false),
            Reason::InvalidToken => (&refusals.token, true),
            _ => (&refusals.invalid, true),
        };
        counter.increment();
        let reason = refusal.reason();
        tracing::debug!(target: LOG, port = self.port.as_str(), caller = from.map(|caller| caller.address().to_string()), %reason, "refused a request for its key");
        let from = from.filter(|_| is_guess);
        let delay = from.map(|caller| self.access.0.failures.count(caller.network()));
        Rejection {
            refusal,
            delay: delay.unwrap_or_default(),
        }
    }

    fn refusals(&self) -> &KeyRefusals {
        let [grpc, web, admin] = &self.access.0.refusals;
        match self.port {
            Port::Grpc => grpc,
            Port::Web => web,
            Port::Admin => admin,
        }
    }
}

/// What an answer says of how a key is sent (RFC 6750); `None` if it was not refused for its key.
pub fn challenge(refusal: &Refusal) -> Option<HeaderValue> {
    let challenge = match (refusal.reason(), refusal.kind()) {
        (Reason::InsufficientScope, _) => "Bearer realm=\"silkrate\", error=\"insufficient_scope\"",
        (Reason::KeyRequired, _) => "Bearer realm=\"silkrate\"",
        (_, RefusalKind::Unauthenticated) => "Bearer realm=\"silkrate\", error=\"invalid_token\"",
        _ => return None,
    };
    Some(HeaderValue::from_static(challenge))
}

/// The text after `Bearer`; `None` if there is no such header, or its scheme is another one and it has no key.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut found = None;
    for value in headers.get_all(AUTHORIZATION) {
        let Ok(text) = value.to_str() else {
            return Err(Refusal::InvalidKey);
        };
        let (scheme, key) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case(SCHEME) {
            // Two keys are no key: which one counts is a guess.
            if found.replace(key.trim()).is_some() {
                return Err(Refusal::InvalidKey);
            }
        } else if scheme.starts_with(KEY_PREFIX) || key.starts_with(KEY_PREFIX) {
            // Its sender takes it for sent: the refusal says how a key is.
            return Err(Refusal::InvalidKey);
        }
    }
    Ok(found)
}
