//! The sweep that moves what is due by itself. Steps are small, conditional and idempotent: any instance may take any of them at any time.

use uuid::Uuid;

use crate::app::App;
use crate::auth::Viewer;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::work::Work;

/// How many due objects are fetched at a time.
pub const BATCH: u64 = 200;
const ROUNDS: u32 = 200;

/// Takes everything that is due now.
pub async fn run(app: &App) -> Result<()> {
    // Bounded, so that a step that never settles cannot keep the others waiting for ever.
    for _ in 0..ROUNDS {
        let taken = crate::resources::actions::due(app).await?
            + crate::venues::deadlines::run(app).await?
            + crate::sittings::deadlines::run(app).await?
            + crate::bookings::deadlines::run(app).await?
            + crate::matches::deadlines::run(app).await?
            + crate::needs::deadlines::run(app).await?
            + crate::complaints::deadlines::run(app).await?;
        if taken == 0 {
            break;
        }
    }
    Ok(())
}

/// Runs a step for each id, each in its own transaction; one that fails is logged and does not hold up the others.
pub async fn each<F, Fut>(app: &App, ids: Vec<Uuid>, step: F) -> Result<u64>
where
    F: Fn(Work, Uuid) -> Fut + Send + Sync,
    Fut: Future<Output = Result<()>> + Send,
{
    let mut taken = 0;
    for id in ids {
        match app.write(&Viewer::system(), &Conn::Pool(app.db().clone()), |work| step(work, id)).await {
            Ok(_) => {
                app.metrics().stepped(true);
                taken += 1;
                continue;
            }
            Err(AppError::Internal(cause)) => tracing::error!(%id, cause, "a due step failed"),
            Err(other) => tracing::error!(%id, ?other, "a due step was refused"),
        }
        app.metrics().stepped(false);
    }
    Ok(taken)
}
