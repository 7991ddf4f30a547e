//! A service whose system has no descriptor left for another connection.

use tokio::net::TcpStream;

use crate::support::april::bank_of_april;
use crate::support::browser::get;
use crate::support::program::Program;

/// More than a service needs that has no clients, and fewer than those that connect.
const DESCRIPTORS: u64 = 64;
const CROWD: usize = 200;

#[tokio::test]
async fn a_service_without_a_descriptor_left_waits_and_accepts_again_once_there_are_some() {
    let bank = bank_of_april().await;
    let mut program = Program::start(&bank.url(), &[]).await;
    program.has_rates().await;
    program.limit_descriptors(DESCRIPTORS);
    let web = program.web.parse().unwrap();
    let mut crowd = Vec::new();
    for _peer in 0..CROWD {
        // The system takes it, and the service cannot.
        crowd.push(TcpStream::connect(&program.web).await.unwrap());
    }
    let line = program.message("could not accept a connection").await;
    assert!(!line["retry_in"].is_null(), "{line}");
    drop(crowd);
    let answer = get(web, "/v1/snapshot.json", &[]).await;
    assert_eq!(answer.status, 200);
    let (lines, _) = program.stop().await;
    let told = lines
        .iter()
        .filter(|line| line["message"] == "could not accept a connection");
    assert_eq!(told.count(), 1, "it is no line for each try");
}
