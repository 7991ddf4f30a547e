//! What a client finds that asks a port for its services, in both versions of the protocol of reflection.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use prost::Message;
use prost_types::FileDescriptorProto;
use tokio::sync::oneshot;
use tonic::Code;
use tonic::transport::Channel;
use tonic_reflection::pb::{v1, v1alpha};

use crate::transport::april;

/// The answer of a port to one request, in a version of the protocol.
macro_rules! ask {
    ($version:ident, $url:expr, $request:ident($text:expr), $response:ident) => {{
        use $version::server_reflection_request::MessageRequest;
        use $version::server_reflection_response::MessageResponse;

        let channel = Channel::from_shared($url.clone()).unwrap();
        let channel = channel.connect().await.unwrap();
        let mut client = $version::server_reflection_client::ServerReflectionClient::new(channel);
        let request = $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::$request($text.to_owned())),
        };
        let answers = client.server_reflection_info(stream::iter([request])).await;
        let answer = answers.unwrap().into_inner().message().await;
        answer.map(|answer| match answer.unwrap().message_response {
            Some(MessageResponse::$response(answer)) => answer,
            other => panic!("another answer: {other:?}"),
        })
    }};
}

/// The names that a port lists, in a version of the protocol.
macro_rules! listed {
    ($version:ident, $url:expr) => {{
        let list = ask!($version, $url, ListServices(""), ListServicesResponse).unwrap();
        let names = list.service.into_iter().map(|service| service.name);
        names.collect::<BTreeSet<_>>()
    }};
}

/// The file in which a port knows a symbol, or that it knows none, in a version of the protocol.
macro_rules! file_of {
    ($version:ident, $url:expr, $symbol:expr) => {{
        let known = ask!(
            $version,
            $url,
            FileContainingSymbol($symbol),
            FileDescriptorResponse
        );
        let file = known.map(|known| known.file_descriptor_proto[0].clone());
        file.map_err(|status| status.code())
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
    for (url, expected) in [
        (&silkrate.url, vec![rates, health, reflection, older]),
        (&silkrate.admin_url, vec![admin, reflection, older]),
    ] {
        let expected: BTreeSet<_> = expected.into_iter().map(ToOwned::to_owned).collect();
        assert_eq!(listed!(v1, url), expected);
        assert_eq!(listed!(v1alpha, url), expected);
    }
    silkrate.finish().await;
}

#[tokio::test]
async fn each_port_describes_its_own_services_and_what_they_need_and_no_others() {
    let silkrate = april().await;
    let rates = "silkrate.v1.RateService";
    let admin = "silkrate.admin.v1.AdminService";
    // The contract of operators has messages of the rates in it.
    let message = "silkrate.v1.Rate";
    for (url, known, unknown) in [
        (
            &silkrate.url,
            [rates, message],
            [admin, "silkrate.admin.v1.ListHeldRequest"],
        ),
        (
            &silkrate.admin_url,
            [admin, message],
            [rates, "grpc.health.v1.Health"],
        ),
    ] {
        for symbol in known {
            let file = file_of!(v1, url, symbol);
            assert_eq!(file_of!(v1alpha, url, symbol), file, "{symbol}");
            let file = FileDescriptorProto::decode(&file.expect(symbol)[..]).unwrap();
            let names = file
                .service
                .iter()
                .map(|service| format!("{}.{}", file.package(), service.name()));
            assert!(names.into_iter().all(|name| name == known[0]), "{symbol}");
            for name in &file.dependency {
                let import = ask!(v1, url, FileByFilename(name), FileDescriptorResponse);
                assert_eq!(import.unwrap().file_descriptor_proto.len(), 1, "{name}");
            }
        }
        for symbol in unknown {
            assert_eq!(
                file_of!(v1, url, symbol).err(),
                Some(Code::NotFound),
                "{symbol}"
            );
            assert_eq!(
                file_of!(v1alpha, url, symbol).err(),
                Some(Code::NotFound),
                "{symbol}"
            );
        }
    }
    silkrate.finish().await;
}

/// The tasks of this test and its service.
fn tasks() -> usize {
    let runtime = tokio::runtime::Handle::current();
    runtime.metrics().num_alive_tasks()
}

/// Far more than the service has tasks that come and go, and no more than it allows.
const STREAMS: usize = 50;

/// Opens streams of reflection whose clients never say that they have asked for everything, and leaves on demand. It
/// has tasks of its own, on another runtime.
fn open_and_leave(url: &str, opened: oneshot::Sender<()>, leave: oneshot::Receiver<()>) {
    use v1::server_reflection_request::MessageRequest;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let channel = Channel::from_shared(url.to_owned()).unwrap();
        let channel = channel.connect().await.unwrap();
        let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel);
        let mut open = Vec::new();
        for _stream in 0..STREAMS {
            let request = v1::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let requests = stream::iter([request]).chain(stream::pending());
            open.push(client.server_reflection_info(requests).await.unwrap());
        }
        opened.send(()).unwrap();
        leave.await.unwrap();
    });
}

#[tokio::test]
async fn streams_whose_client_is_gone_leave_no_task_behind() {
    let silkrate = april().await;
    let before = tasks();
    let (opened, is_open) = oneshot::channel();
    let (leave, left) = oneshot::channel();
    let url = silkrate.url.clone();
    let client = std::thread::spawn(move || open_and_leave(&url, opened, left));
    is_open.await.unwrap();
    assert!(tasks() > before + STREAMS);
    leave.send(()).unwrap();
    let gone = async {
        while tasks() > before + STREAMS / 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(crate::support::silkrate::PATIENCE, gone).await;
    gone.expect("the tasks end");
    client.join().unwrap();
    silkrate.finish().await;
}
