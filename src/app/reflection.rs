//! The reflection of a port: the services that clients find when they ask what it serves.

use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::{Builder, Error};

use crate::pb;

/// The services of reflection themselves, which a client finds as well.
const REFLECTION: [&str; 2] = [
    v1::server_reflection_server::SERVICE_NAME,
    v1alpha::server_reflection_server::SERVICE_NAME,
];

/// Adds the reflection of `services` to the routes of a port, in the version of today and in `v1alpha`, which the
/// libraries of some languages still ask for.
///
/// # Errors
/// When a descriptor is refused.
pub(super) fn add_reflection(routes: Routes, services: &[&str]) -> Result<Routes, Error> {
    let builder = || {
        let mut builder = Builder::configure()
            .register_encoded_file_descriptor_set(pb::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(v1alpha::FILE_DESCRIPTOR_SET)
            .include_reflection_service(false);
        for name in services.iter().chain(&REFLECTION) {
            builder = builder.with_service_name(*name);
        }
        builder
    };
    let gzip = CompressionEncoding::Gzip;
    let today = builder().build_v1()?.accept_compressed(gzip);
    let older = builder().build_v1alpha()?.accept_compressed(gzip);
    Ok(routes.add_service(today).add_service(older))
}
