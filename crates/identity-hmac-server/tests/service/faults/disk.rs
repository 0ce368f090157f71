//! The disk is full.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::writers::Writers;
use crate::harness::{ADMIN_TOKEN, Cluster, Database, Service, with_own_mounts, without_postgres};

/// A command that sees a file system of its own, of 4 MiB, in `folder`, and runs there.
fn on_small_disk(folder: &Path, program: &Path, args: &[&str]) -> Command {
    const MOUNT: &str = r#"mount -t tmpfs -o size=4m tmpfs "$FOLDER" && cd "$FOLDER" && exec "$@""#;
    let mut command = with_own_mounts();
    command
        .args(["sh", "-c", MOUNT, "sh"])
        .arg(program)
        .args(args)
        .env("FOLDER", folder)
        .stdin(Stdio::null());
    command
}

/// Takes all the space that is left.
fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    for len in [64 * 1024, 4096, 1] {
        while file.write_all(&vec![0; len]).is_ok() {}
    }
}

/// Incompressible text.
fn pad() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(15_000)
        .collect()
}

/// Fills the disk with `ballast` while visitors write, and takes it away again.
async fn fill_and_free(service: &Service, ballast: &Path) {
    let organization = service.organization().await;
    let mut writers = Writers::new(&organization, 4).await;
    let visitor = organization.visitor().await;
    visitor.identify(json!({"name": "Jane"})).await.ok();
    writers
        .write_during(service, async {
            fill(ballast);
            // The first writes may still find space inside the files.
            let refused = loop {
                let answer = visitor.identify(json!({"metadata": {"pad": pad()}})).await;
                if answer.status != 200 {
                    break answer;
                }
            };
            refused.is_problem(503, "unavailable");
        })
        .await;
    assert_eq!(visitor.identity().await.ok()["name"], "Jane");
    assert_eq!(service.get("/healthz").await.status, 200);
    writers.check(service).await;

    fs::remove_file(ballast).unwrap();
    let acknowledged = writers.acknowledged();
    visitor
        .identify(json!({"metadata": {"pad": pad()}}))
        .await
        .ok();
    writers
        .write_during(service, tokio::time::sleep(Duration::from_millis(300)))
        .await;
    assert!(writers.acknowledged() > acknowledged);
    writers.check(service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_sqlite_refuses_writes_and_goes_on_when_there_is_space() {
    let database = Database::sqlite();
    let mut command = on_small_disk(
        database.folder(),
        Path::new(env!("CARGO_BIN_EXE_identity-hmac-server")),
        &[
            "serve",
            "--listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
            "--address-rate=0",
            "--visitor-rate=0",
        ],
    );
    command.env("IDENTITY_ADMIN_TOKEN", ADMIN_TOKEN);
    let service = Service::start_command(&database, command);
    let root = PathBuf::from(format!("/proc/{}/root", service.id()));
    let disk = root.join(database.folder().strip_prefix("/").unwrap());
    fill_and_free(&service, &disk.join("ballast")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_postgres_refuses_writes_and_goes_on_when_there_is_space() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    cluster.stop();
    let disk = cluster.resume_on_small_disk();
    let service = Service::start(&database);
    fill_and_free(&service, &disk.join("ballast")).await;
}
