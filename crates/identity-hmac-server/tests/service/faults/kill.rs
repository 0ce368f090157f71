//! The process is killed in the middle of its work.

use std::time::Duration;

use super::writers::Writers;
use crate::harness::{Database, Service, Session, on_both_databases, times};

on_both_databases! {
    async fn every_acknowledged_write_survives_kill_9(database: Database) {
        let mut service = Service::start(&database);
        let organization = service.organization().await;
        let mut writers = Writers::new(&organization, 4).await;
        for _ in 0..times(20, 100) {
            let moment = Duration::from_millis(fastrand::u64(20..200));
            writers
                .write_during(&service, async {
                    tokio::time::sleep(moment).await;
                    service.signal("KILL");
                })
                .await;
            service.ended().await;
            if !database.is_postgres() {
                let found = Session::open(&database).await.texts("PRAGMA integrity_check").await;
                assert_eq!(found, ["ok"]);
            }
            service = Service::start(&database);
            writers.check(&service).await;
        }
        assert!(writers.acknowledged() > 0, "nothing was written");
    }
}
