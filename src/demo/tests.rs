#[tokio::test]
async fn by_hand() {
    use crate::config::Settings;
    use clap::{Args, FromArgMatches};
    let url = std::env::var("FILL").unwrap();
    let db = crate::db::Db::connect(&url, 8, true).await.unwrap();
    alliance_migrations::migrate(db.pool()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys = crate::keys::KeyFile::create(&folder.path().join("k")).unwrap();
    let command = Settings::augment_args(clap::Command::new("x"));
    let settings = Settings::from_arg_matches(&command.get_matches_from(["x"])).unwrap();
    let app = crate::app::App::new(db, crate::clock::Clock::System, keys, settings).await.unwrap();
    let start = std::time::Instant::now();
    let outcome =
        super::fill(&app, |step| eprintln!("{:>6.1} {step} {} statements", start.elapsed().as_secs_f64(), app.db().statements())).await;
    outcome.unwrap();
}
