//! What a client finds that asks a port for its services, in both versions of the protocol of reflection.

use std::collections::BTreeSet;

use futures_util::stream;
use tonic::transport::Channel;
use tonic_reflection::pb::{v1, v1alpha};

use crate::transport::april;

/// The names that a port lists, and the files that it knows a symbol by, in a version of the protocol.
macro_rules! ask {
    ($version:ident, $url:expr, $symbol:expr) => {{
        use $version::server_reflection_client::ServerReflectionClient;
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;

        let channel = Channel::from_shared($url.clone()).unwrap();
        let mut client = ServerReflectionClient::new(channel.connect().await.unwrap());
        let request = |message_request| $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message_request),
        };
        let requests = [
            request(MessageRequest::ListServices(String::new())),
            request(MessageRequest::FileContainingSymbol($symbol.to_owned())),
        ];
        let answers = client.server_reflection_info(stream::iter(requests)).await;
        let mut answers = answers.unwrap().into_inner();
        let listed = answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::ListServicesResponse(listed)) = listed else {
            panic!("no list: {listed:?}")
        };
        let known = answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::FileDescriptorResponse(known)) = known else {
            panic!("no file: {known:?}")
        };
        let names = listed.service.into_iter().map(|service| service.name);
        (
            names.collect::<BTreeSet<_>>(),
            known.file_descriptor_proto.len(),
        )
    }};
}

#[tokio::test]
async fn each_port_lists_its_own_services_in_both_versions() {
    let silkrate = april().await;
    let rates = "silkrate.v1.RateService";
    let admin = "silkrate.admin.v1.AdminService";
    let (health, reflection) = (
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    );
    let older = "grpc.reflection.v1alpha.ServerReflection";
    for (url, symbol, expected) in [
        (&silkrate.url, rates, vec![rates, health, reflection, older]),
        (&silkrate.admin_url, admin, vec![admin, reflection, older]),
    ] {
        let expected: BTreeSet<_> = expected.into_iter().map(ToOwned::to_owned).collect();
        let (listed, files) = ask!(v1, url, symbol);
        assert_eq!(listed, expected, "{symbol}");
        assert!(files > 0, "{symbol}");
        assert_eq!(ask!(v1alpha, url, symbol), (listed, files));
    }
    silkrate.finish().await;
}
