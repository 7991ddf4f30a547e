//! The reflection of a port: the services that clients find when they ask what it serves.

use std::task::{Context, Poll};

use http::{Request, Uri};
use prost::{DecodeError, Message};
use prost_types::{FileDescriptorSet, ServiceDescriptorProto};
use tonic::codec::CompressionEncoding;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::{Builder, Error};
use tower::Service;

use crate::pb;

/// The services of reflection themselves, which a client finds as well.
const REFLECTION: [&str; 2] = [
    v1::server_reflection_server::SERVICE_NAME,
    v1alpha::server_reflection_server::SERVICE_NAME,
];

/// The path of the one method of reflection, in the older version and in that of today.
const OLDER_METHOD: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
const METHOD: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// The reflection of today under the name of the older version, whose messages have the same encoding. So the descriptors are decoded,
/// and kept, once.
#[derive(Debug, Clone)]
struct Older<S>(S);

impl<S> NamedService for Older<S> {
    const NAME: &'static str = v1alpha::server_reflection_server::SERVICE_NAME;
}

impl<B, S: Service<Request<B>>> Service<Request<B>> for Older<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if request.uri().path() == OLDER_METHOD {
            *request.uri_mut() = Uri::from_static(METHOD);
        }
        self.0.call(request)
    }
}

/// Adds the reflection of `services` to the routes of a port, in the version of today and in `v1alpha`, which the
/// libraries of some languages still ask for.
///
/// # Errors
/// When a descriptor is refused.
pub(super) fn add_reflection(routes: Routes, services: &[&str]) -> Result<Routes, Error> {
    let services: Vec<&str> = services.iter().chain(&REFLECTION).copied().collect();
    let builder = Builder::configure()
        .register_file_descriptor_set(files_of(&services)?)
        .include_reflection_service(false);
    let add = |builder: Builder<'static>, name: &&str| builder.with_service_name(*name);
    let builder = services.iter().fold(builder, add);
    let today = builder.build_v1()?;
    let today = today.accept_compressed(CompressionEncoding::Gzip);
    Ok(routes.add_service(Older(today.clone())).add_service(today))
}

/// The files that define these services, and those that they import. Other services are left out of them: the contract of
/// operators imports the messages of the rates, whose service is on another port.
fn files_of(services: &[&str]) -> Result<FileDescriptorSet, DecodeError> {
    let sets = [
        pb::DESCRIPTOR_SET,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        v1::FILE_DESCRIPTOR_SET,
        v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let mut files = Vec::new();
    for set in sets {
        files.extend(FileDescriptorSet::decode(set)?.file);
    }
    for file in &mut files {
        let package = file.package().to_owned();
        let is_served = |service: &ServiceDescriptorProto| {
            services.contains(&format!("{package}.{}", service.name()).as_str())
        };
        if !file.service.iter().all(is_served) {
            file.service.retain(is_served);
            // Comments are found by numbers, which count the services that were left out.
            file.source_code_info = None;
        }
    }
    let mut wanted: Vec<String> = files
        .iter()
        .filter(|file| !file.service.is_empty())
        .map(|file| file.name().to_owned())
        .collect();
    let mut file = Vec::new();
    while let Some(name) = wanted.pop() {
        if let Some(index) = files.iter().position(|file| file.name() == name) {
            let found = files.swap_remove(index);
            wanted.extend(found.dependency.iter().cloned());
            file.push(found);
        }
    }
    Ok(FileDescriptorSet { file })
}
