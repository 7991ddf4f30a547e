//! A replay of which several processes are replicas: each has the simulated bank, and the one that leads polls its own.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::commit::{CommitHandle, NotTaken};
use crate::demo::Season;

/// How long after a table was not taken it is tried again: a takeover needs about as long.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Files what was known when the replay begins, as soon as this replica leads. At another time it is known already. Returns when
/// it is stopped.
pub async fn file_earlier(
    season: Season,
    (commit, mut leads): (CommitHandle, watch::Receiver<bool>),
    stop: CancellationToken,
) {
    let filed = async {
        'lead: while leads.wait_for(|leads| *leads).await.is_ok() {
            for (source, table) in season.earlier_tables() {
                match commit.backfill(source, table).await {
                    Ok(_outcome) => {}
                    // Another one leads by now, and files them.
                    Err(NotTaken::NotLeader(_)) => {
                        tokio::time::sleep(TRY_AGAIN).await;
                        continue 'lead;
                    }
                    Err(NotTaken::Stopped(_)) => return,
                }
            }
            return;
        }
    };
    tokio::select! {
        () = filed => stop.cancelled().await,
        () = stop.cancelled() => {}
    }
}
