//! Headers without an end.

use silkrate::fetch::FetchError;

use super::refused;
use crate::support::scripted::Step;

#[tokio::test]
async fn headers_that_never_end_are_refused() {
    let line = b"X-More: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n";
    let reply = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Step::Endlessly(line.repeat(100)),
    ];
    let error = refused(reply).await;
    assert!(matches!(error, FetchError::Incomplete(_)), "{error:?}");
    let endless_line = vec![
        Step::Send(b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec()),
        Step::Endlessly(vec![b'x'; 65_536]),
    ];
    let error = refused(endless_line).await;
    assert!(matches!(error, FetchError::Incomplete(_)), "{error:?}");
}
