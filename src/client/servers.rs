//! The servers of a client: replicas of one service, any of which answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Uri;
use tokio::time::Instant;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::client::address::Address;
#[cfg(feature = "service")]
use crate::client::connector::Connector;
use crate::client::key::WithKey;
use crate::client::{ClientError, ClientOptions, MESSAGE_BYTES_MAX};
use crate::pb::rate_service_client::RateServiceClient;

/// A connection on which each call has the key of the client.
pub(super) type KeyedChannel = InterceptedService<Channel, WithKey>;

/// One server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) address: Address,
    /// The connection of all calls; `None`: each call has its own.
    connection: Option<Channel>,
    /// Makes the connections; `None`: they are of TCP.
    #[cfg(feature = "service")]
    connector: Option<Connector>,
}

impl Server {
    /// A connection, which is opened by its first call, and the path before that of each method.
    pub(super) fn channel(&self) -> (Channel, Uri) {
        let (kept, endpoint) = (self.connection.clone(), &self.address.endpoint);
        #[cfg(feature = "service")]
        let connect = || match &self.connector {
            Some(connector) => endpoint.connect_with_connector_lazy(connector.dialer()),
            None => endpoint.connect_lazy(),
        };
        #[cfg(not(feature = "service"))]
        let connect = || endpoint.connect_lazy();
        let channel = kept.unwrap_or_else(connect);
        (channel, self.address.prefix.clone())
    }

    /// The same connection, on which each call has the key of the client.
    pub(super) fn keyed_channel(&self) -> (KeyedChannel, Uri) {
        let (channel, prefix) = self.channel();
        let with_key = WithKey(self.address.key.clone());
        (InterceptedService::new(channel, with_key), prefix)
    }

    /// The generated client, on a connection of its own that is opened by the first call.
    pub(super) fn connect(&self) -> RateServiceClient<KeyedChannel> {
        let (channel, prefix) = self.keyed_channel();
        RateServiceClient::with_origin(channel, prefix).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Awaits a response until a deadline.
    pub(super) async fn answer_within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, ClientError> {
        let url = &self.address.url;
        match tokio::time::timeout(limit, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(ClientError::of(url, &status)),
            Err(_elapsed) => Err(ClientError::Silent {
                url: url.clone(),
                after: limit,
            }),
        }
    }
}

/// All servers of a client, at least one.
#[derive(Debug, Clone)]
pub(super) struct Servers {
    first: Server,
    others: Vec<Server>,
    /// The number of the one that is called first. Clones of a client share it.
    current: Arc<AtomicUsize>,
}

impl Servers {
    /// The servers of URLs between commas.
    pub(super) fn new(urls: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        Self::of(urls.split(',').map(str::trim), options)
    }

    /// The servers of some URLs.
    pub(super) fn of<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        options: &ClientOptions,
    ) -> Result<Self, ClientError> {
        let mut urls = urls.into_iter();
        let server = |url| {
            Ok(Server {
                address: Address::new(url, options)?,
                connection: None,
                #[cfg(feature = "service")]
                connector: None,
            })
        };
        Ok(Self {
            first: server(urls.next().unwrap_or_default())?,
            others: urls.map(server).collect::<Result<_, ClientError>>()?,
            current: Arc::default(),
        })
    }

    /// The same servers with one connection to each.
    #[cfg(feature = "service")]
    pub(super) fn on_one_connection(self) -> Self {
        self.each(|server| {
            let (channel, _) = server.channel();
            Server {
                connection: Some(channel),
                ..server
            }
        })
    }

    /// The same servers over connections that the caller makes.
    #[cfg(feature = "service")]
    pub(super) fn through(self, connector: Connector) -> Self {
        let through = |server: Server, connector| Server {
            connector: Some(connector),
            ..server
        };
        let others = self.others.into_iter();
        let others = others.map(|server| through(server, connector.clone()));
        Self {
            others: others.collect(),
            first: through(self.first, connector),
            current: self.current,
        }
    }

    #[cfg(feature = "service")]
    fn each(self, change: impl Fn(Server) -> Server) -> Self {
        Self {
            first: change(self.first),
            others: self.others.into_iter().map(change).collect(),
            current: self.current,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.others.len().saturating_add(1)
    }

    /// The server of a number; the first one has 0.
    pub(super) fn get(&self, number: usize) -> &Server {
        let other = number.checked_sub(1).and_then(|at| self.others.get(at));
        other.unwrap_or(&self.first)
    }

    /// The number of the server after another one; the first one comes after the last one.
    pub(super) fn after(&self, number: usize) -> usize {
        let next = number.saturating_add(1);
        if next < self.count() { next } else { 0 }
    }

    /// The number of the server that is called first.
    pub(super) fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Calls the server after this one first from now on. Several failures of one server turn once.
    pub(super) fn turn_from(&self, number: usize) {
        let (order, next) = (Ordering::Relaxed, self.after(number));
        // Another call has turned if it is a different one by now.
        let _turned = self.current.compare_exchange(number, next, order, order);
    }
}

/// Until when each server wants to be left alone.
#[derive(Debug, Default)]
pub(super) struct Rests(Vec<(usize, Instant)>);

impl Rests {
    /// Notes what a server demanded, in place of what it demanded before.
    pub(super) fn demand(&mut self, number: usize, rest: Option<Duration>) {
        self.0.retain(|(server, _)| *server != number);
        let until = rest.and_then(|rest| Instant::now().checked_add(rest));
        self.0.extend(until.map(|until| (number, until)));
    }

    /// How long a server still wants to be left alone.
    pub(super) fn left(&self, number: usize) -> Option<Duration> {
        let demanded = self.0.iter().find(|(server, _)| *server == number);
        demanded.map(|(_, until)| until.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(urls: &str) -> Result<Servers, ClientError> {
        Servers::new(urls, &ClientOptions::default())
    }

    #[test]
    fn several_failures_of_one_server_turn_once_and_the_first_comes_after_the_last() {
        let servers = servers("http://a, http://b:1/fx,http://c").unwrap();
        let url = || servers.get(servers.current()).address.url.as_str();
        assert_eq!((servers.count(), url()), (3, "http://a"));
        servers.turn_from(0);
        servers.turn_from(0);
        assert_eq!(url(), "http://b:1/fx");
        servers.turn_from(1);
        assert_eq!(url(), "http://c");
        servers.turn_from(2);
        assert_eq!(url(), "http://a");
    }

    #[test]
    fn each_url_between_commas_must_be_one() {
        for wrong in ["http://a,", "http://a,,http://b", "http://a,b", ",http://a"] {
            let refused = servers(wrong);
            assert!(
                matches!(refused, Err(ClientError::BadUrl { .. })),
                "{wrong}: {refused:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_server_demands_is_not_demanded_by_another() {
        let mut rests = Rests::default();
        rests.demand(0, Some(Duration::from_secs(30)));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(rests.left(0), Some(Duration::from_secs(20)));
        assert_eq!(rests.left(1), None);
        rests.demand(0, None);
        assert_eq!(rests.left(0), None);
    }
}
