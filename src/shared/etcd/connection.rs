//! Calls to the servers: each with a deadline, at the one that answered last, and then at the others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tonic::Code;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::causes::causes;
use crate::pb::etcd::AuthenticateRequest;
use crate::pb::etcd::auth_client::AuthClient;
use crate::shared::log::LogError;

/// How long a call may take: a write of three servers takes milliseconds, and a lease of ten seconds must be kept within its
/// time by another server.
const CALL_MAX: Duration = Duration::from_secs(2);
/// How often an idle connection is tried, and how long its answer may take: a server that vanished is noticed within a lease.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// What etcd says in cases that an operator ends, and what helps.
const ADVICE: [(&str, &str); 4] = [
    // A record is written once, so that compaction takes none.
    (
        "database space exceeded",
        "compact it (`etcdctl compact REVISION`), defragment each server (`etcdctl defrag`), and end the alarm \
         (`etcdctl alarm disarm`); a larger `--quota-backend-bytes` lasts longer",
    ),
    (
        "user name is empty",
        "set `shared.user` and `shared.password_file`",
    ),
    (
        "authentication failed",
        "correct `shared.user`, or the file of `shared.password_file`",
    ),
    (
        "permission denied",
        "give the user of `shared.user` the rights of this log (`deploy/etcd/roles.sh`); with those of the edge a replica is a \
         follower (`shared.role = \"follower\"`)",
    ),
];

/// What may help where a connection over TLS fails without a certificate of the replica.
const NO_CERTIFICATE: &str = "a server with `--client-cert-auth` ends connections without a certificate: set `shared.certificate` and \
                              `shared.key`";

/// The servers of a log, and how they are reached.
#[derive(Debug, Clone, Default)]
pub struct Servers {
    /// Their addresses, such as `http://10.0.0.1:2379`.
    pub urls: Vec<String>,
    /// The certificates, for `https`.
    pub tls: Option<ClientTlsConfig>,
    /// Whether a certificate of the replica is among them.
    pub has_certificate: bool,
    /// A user and its password.
    pub credentials: Option<(String, String)>,
}

/// The token of a user, once it was given.
pub(super) type Token = Option<MetadataValue<Ascii>>;

/// What a server says to a call.
type Answer<T> = Result<tonic::Response<T>, tonic::Status>;

/// The connections to all servers.
#[derive(Debug)]
pub(super) struct Connection {
    channels: Vec<Channel>,
    /// The one that answered last.
    current: AtomicUsize,
    credentials: Option<(String, String)>,
    /// Whether it speaks TLS, and shows no certificate.
    lacks_certificate: bool,
    token: Mutex<Token>,
}

/// Where a call that was not answered is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// At the other servers, once each: it may take effect twice.
    OnOthers,
    /// Nowhere.
    Never,
}

/// A request, which only a server with a leader answers.
pub(super) fn request<T>(message: T, token: Token) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("hasleader", MetadataValue::from_static("true"));
    if let Some(token) = token {
        metadata.insert("authorization", token);
    }
    request
}

impl Connection {
    pub(super) fn new(servers: Servers) -> Result<Self, LogError> {
        let Servers {
            urls,
            tls,
            has_certificate,
            credentials,
        } = servers;
        let channels = urls.iter().map(|url| channel(url, tls.as_ref()));
        let channels: Vec<Channel> = channels.collect::<Result<_, _>>()?;
        if channels.is_empty() {
            return Err(LogError::Refused("it has no servers".to_owned()));
        }
        Ok(Self {
            channels,
            current: AtomicUsize::new(0),
            credentials,
            lacks_certificate: tls.is_some() && !has_certificate,
            token: Mutex::default(),
        })
    }

    /// The number of each server.
    pub(super) fn servers(&self) -> std::ops::Range<usize> {
        0..self.channels.len()
    }

    /// The server that answered last, and the token for it.
    pub(super) async fn current(&self) -> Result<(Channel, Token), LogError> {
        let at = self.current.load(Ordering::Relaxed);
        let channel = self.channels.get(at).or(self.channels.first());
        let channel = channel.ok_or_else(|| LogError::Refused("it has no servers".to_owned()))?;
        let token = self
            .token(channel)
            .await
            .map_err(|status| failed(&status))?;
        Ok((channel.clone(), token))
    }

    /// Lets the next call go to another server.
    pub(super) fn turn(&self) {
        let next = self.current.load(Ordering::Relaxed).saturating_add(1);
        let next = next.checked_rem(self.channels.len()).unwrap_or(0);
        self.current.store(next, Ordering::Relaxed);
    }

    /// Makes a call at the server that answered last, and where it may be repeated, at the others.
    pub(super) async fn call<T, F: Future<Output = Answer<T>>>(
        &self,
        repeat: Repeat,
        call: impl Fn(Channel, Token) -> F,
    ) -> Result<T, LogError> {
        let mut last = LogError::NoAnswer("no server was tried".to_owned());
        for _ in self.servers() {
            let at = self.current.load(Ordering::Relaxed);
            match self.call_at(at, &call).await {
                Err(error @ LogError::NoAnswer(_)) => {
                    self.turn();
                    if repeat == Repeat::Never {
                        return Err(error);
                    }
                    last = error;
                }
                answered => return answered,
            }
        }
        Err(last)
    }

    /// Makes a call at one server. A token that has ended is replaced once.
    pub(super) async fn call_at<T, F: Future<Output = Answer<T>>>(
        &self,
        server: usize,
        call: &impl Fn(Channel, Token) -> F,
    ) -> Result<T, LogError> {
        let channel = self.channels.get(server).or(self.channels.first());
        let channel = channel.ok_or_else(|| LogError::Refused("it has no servers".to_owned()))?;
        match tokio::time::timeout(CALL_MAX, self.attempt(channel, call)).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(self.advised(failed(&status))),
            Err(_elapsed) => Err(LogError::NoAnswer(format!("no answer within {CALL_MAX:?}"))),
        }
    }

    /// The same error with what helps where the server ended a connection for want of a certificate. With TLS 1.3 it says so only
    /// after the handshake, and often not at all.
    fn advised(&self, error: LogError) -> LogError {
        match error {
            LogError::NoAnswer(text) if self.lacks_certificate && is_of_connection(&text) => {
                LogError::NoAnswer(format!("{text}: {NO_CERTIFICATE}"))
            }
            error => error,
        }
    }

    async fn attempt<T, F: Future<Output = Answer<T>>>(
        &self,
        channel: &Channel,
        call: &impl Fn(Channel, Token) -> F,
    ) -> Answer<T> {
        let token = self.token(channel).await?;
        match call(channel.clone(), token).await {
            Err(status) if self.forget_token(&status) => {
                let token = self.token(channel).await?;
                call(channel.clone(), token).await
            }
            answered => answered,
        }
    }

    /// Forgets the token if a server no longer takes it: tokens end, and one that was given before users or roles were changed is
    /// refused as one of another revision. Returns whether another one may help.
    pub(super) fn forget_token(&self, status: &tonic::Status) -> bool {
        let is_of_token = match status.code() {
            Code::Unauthenticated => true,
            Code::InvalidArgument => status.message().contains("auth store"),
            _ => false,
        };
        let is_known = self.credentials.is_some() && is_of_token;
        if is_known {
            *self.known_token() = None;
        }
        is_known
    }

    fn known_token(&self) -> std::sync::MutexGuard<'_, Token> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self, channel: &Channel) -> Result<Token, tonic::Status> {
        let Some((name, password)) = self.credentials.clone() else {
            return Ok(None);
        };
        if let Some(known) = self.known_token().clone() {
            return Ok(Some(known));
        }
        let request = AuthenticateRequest { name, password };
        let answer = AuthClient::new(channel.clone())
            .authenticate(request)
            .await?;
        // A token that is no text of a header would be refused with the request.
        let token = MetadataValue::try_from(answer.into_inner().token).ok();
        self.known_token().clone_from(&token);
        Ok(token)
    }
}

/// Whether an error is that of a connection which the other side ended. Nothing is known of a server that is not there.
fn is_of_connection(text: &str) -> bool {
    let text = text.to_lowercase();
    let parts = ["closed", "broken pipe", "reset", "certificate", "eof"];
    parts.iter().any(|part| text.contains(part))
}

fn channel(url: &str, tls: Option<&ClientTlsConfig>) -> Result<Channel, LogError> {
    let invalid = |error: tonic::transport::Error| {
        let why = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
        LogError::Refused(format!("`{url}` is no address of a server: {error} {why}"))
    };
    let mut endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(invalid)?
        .connect_timeout(CALL_MAX)
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .keep_alive_timeout(KEEP_ALIVE.1)
        .keep_alive_while_idle(true);
    if let Some(tls) = tls {
        // A certificate has an IPv6 address without the brackets of a URL.
        let host = endpoint.uri().host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = tls.clone().domain_name(host);
        endpoint = endpoint.tls_config(tls).map_err(invalid)?;
    }
    Ok(endpoint.connect_lazy())
}

/// What a status says about the call: whether it may have taken effect.
pub(super) fn failed(status: &tonic::Status) -> LogError {
    let known = |(said, _): &&(&str, &str)| status.message().contains(said);
    if let Some((_, advice)) = ADVICE.iter().find(known) {
        return LogError::Refused(format!("{}: {advice}", status.message()));
    }
    // The innermost cause says most: that no trusted authority signed a certificate, rather than `transport error`.
    let text = match causes(status).last() {
        Some(cause) => cause.to_string(),
        None => format!("{} ({:?})", status.message(), status.code()),
    };
    match status.code() {
        // The same code says that a message is too large.
        Code::OutOfRange if status.message().contains("compacted") => LogError::Compacted,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::OutOfRange
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Unimplemented => LogError::Refused(text),
        _ => LogError::NoAnswer(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_ends_is_said_with_what_helps() {
        let status = tonic::Status::resource_exhausted("etcdserver: mvcc: database space exceeded");
        let LogError::Refused(text) = failed(&status) else {
            panic!("it is no answer that is lacking");
        };
        assert!(
            text.starts_with("etcdserver: mvcc: database space exceeded: compact it"),
            "{text}"
        );
        assert!(text.contains("`etcdctl alarm disarm`"), "{text}");
        let status = tonic::Status::permission_denied("etcdserver: permission denied");
        let LogError::Refused(text) = failed(&status) else {
            panic!("it is no answer that is lacking");
        };
        assert!(text.contains("`shared.role = \"follower\"`"), "{text}");
    }
}
