//! The service under mixed load for ten minutes, while its clients and its database fail.

mod customer;
mod fault;
mod known;
mod malformed;
mod nuisance;
mod resources;

use std::io::pipe;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{
    Answer, Cluster, Database, Proxy, Service, Session, proved, times, without_postgres,
};
use customer::{Customer, Tally};
use fault::{Fault, Server, Window};
use nuisance::Nuisance;
use resources::{assert_steady, files, memory};

/// The customers, by how their calls are verified.
const CUSTOMERS: [&str; 8] = [
    "required", "required", "required", "required", "required", "observe", "observe", "off",
];
/// How often the service's memory is looked at.
const SAMPLE_EVERY: Duration = Duration::from_millis(100);
/// How many looks at one process are compared at least.
const MIN_SAMPLES: usize = 40;
/// Files that the connections to the database may be, beyond those of a process that just started.
const DATABASE_FILES: usize = 16;

/// What all who take part share.
#[derive(Debug)]
struct Soak {
    database: Database,
    /// The same database as the service reaches it.
    reached: Database,
    service: RwLock<Arc<Service>>,
    window: Window,
    /// The memory that the process which runs now was seen to hold.
    memory: Mutex<Vec<usize>>,
    is_over: AtomicBool,
}

impl Soak {
    async fn new(database: Database, server: Option<&Server>) -> Arc<Self> {
        let url = match server {
            Some(server) => server.proxy.url(&database),
            None => database.url.clone(),
        };
        let reached = database.by(url);
        let service = start(&reached).await;
        Arc::new(Self {
            database,
            reached,
            service: RwLock::new(service),
            window: Window::default(),
            memory: Mutex::default(),
            is_over: AtomicBool::new(false),
        })
    }

    fn service(&self) -> Arc<Service> {
        self.service.read().unwrap().clone()
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Looks at the service's memory every now and then.
    async fn sample(self: Arc<Self>) {
        while !self.is_over() {
            let memory = memory(self.service().id());
            self.memory.lock().unwrap().extend(memory);
            sleep(SAMPLE_EVERY).await;
        }
    }

    /// What the service's log says about an answer.
    fn told_of(&self, answer: &Answer) -> String {
        let request = answer.body["requestId"].as_str().unwrap();
        let log = self.service().log();
        let lines = log.lines().filter(|line| line.contains(request));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Lets a fault happen to PostgreSQL; with SQLite, which has no server, the service is killed.
    async fn fail(&self, server: Option<&Server>, fault: Fault) {
        self.window.turn();
        if let Some(server) = server {
            fault.happen(server, &self.database).await;
        } else {
            self.service().signal("KILL");
            let service = start(&self.reached).await;
            *self.service.write().unwrap() = service;
            self.memory.lock().unwrap().clear();
        }
        self.service().until_ready(200).await;
        self.window.turn();
    }

    /// Shows that the database holds what the customers know and nothing else, and that no call
    /// failed that no fault excuses.
    async fn check(&self, customers: Vec<Customer>, nuisance: &Nuisance) -> Tally {
        let mut tally = Tally::default();
        let mut records = nuisance.records(&self.service()).await;
        let mut persons = 0;
        for mut customer in customers {
            customer.read_all().await;
            let [of_customer, verified] = customer.records();
            records += of_customer;
            persons += verified;
            tally.requests += customer.tally.requests;
            tally.acknowledged += customer.tally.acknowledged;
            tally.verified += customer.tally.verified;
            tally.malformed += customer.tally.malformed;
            tally.failed_in_faults += customer.tally.failed_in_faults;
            tally.failed.extend(customer.tally.failed);
        }
        assert!(tally.failed.is_empty(), "{:#?}", tally.failed);
        let mut session = Session::open(&self.database).await;
        for (table, known) in [("identities", records), ("persons", persons)] {
            let stored = session
                .number(&format!("SELECT count(*) FROM {table}"))
                .await;
            assert_eq!(usize::try_from(stored), Ok(known), "{table}");
        }
        tally
    }

    /// Shows that the service closes what all who called leave behind: returns how many files a
    /// process has open that has just started, and how many this one.
    async fn assert_left_by_all(&self) -> [usize; 2] {
        let fresh = start(&self.reached).await;
        fresh.until_ready(200).await;
        let few = files(fresh.id());
        let start = Instant::now();
        loop {
            let left = files(self.service().id());
            if left <= few + DATABASE_FILES {
                return [few, left];
            }
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "{left} files are open"
            );
            sleep(SAMPLE_EVERY).await;
        }
    }
}

/// Starts the service; on SQLite with a log that nobody takes.
async fn start(database: &Database) -> Arc<Service> {
    const ARGS: [&str; 4] = [
        "--address-rate=0",
        "--visitor-rate=0",
        "--header-deadline=4",
        "--body-deadline=4",
    ];
    if database.is_postgres() {
        return Arc::new(Service::start_with(database, &ARGS));
    }
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let service = Service::start_unheard(database, &ARGS, Stdio::null(), writer);
    Arc::new(service.await)
}

/// Lets customers call while everything fails that may, and shows that nothing else does.
async fn soak(database: Database, server: Option<&Server>) -> Outcome {
    let duration = Duration::from_secs(times(12, 600) as u64);
    let pause = Duration::from_millis(times(500, 12_000) as u64);
    let soak = Soak::new(database, server).await;
    let mut nuisance = Nuisance::new(&soak.service()).await;
    let mut calling = JoinSet::new();
    for verification in CUSTOMERS {
        let customer = Customer::new(&soak, verification).await;
        calling.spawn(customer.call_until_the_end());
    }
    let sampling = tokio::spawn(soak.clone().sample());

    let start = Instant::now();
    let mut faults = Fault::ALL.iter().cycle();
    let mut happened = 0;
    while start.elapsed() < duration
        || happened < Fault::ALL.len()
        || soak.memory.lock().unwrap().len() < MIN_SAMPLES
    {
        nuisance.go_on(&soak.service()).await;
        sleep(pause).await;
        // A process that is killed takes what it held with it: the last one has half of the time.
        let is_due = server.is_some() || start.elapsed() < duration / 2;
        if is_due || happened < Fault::ALL.len() {
            soak.fail(server, *faults.next().unwrap()).await;
            happened += 1;
        }
    }
    soak.is_over.store(true, Ordering::SeqCst);
    let seconds = start.elapsed().as_secs();
    sampling.await.unwrap();
    let customers = calling.join_all().await;
    let stalled = nuisance.stalled().await;
    Outcome {
        seconds,
        faults: happened,
        stalled,
        tally: soak.check(customers, &nuisance).await,
        files: soak.assert_left_by_all().await,
        memory: assert_steady(&soak.memory.lock().unwrap()),
    }
}

/// What came of a soak.
struct Outcome {
    seconds: u64,
    faults: usize,
    stalled: usize,
    tally: Tally,
    memory: [usize; 2],
    files: [usize; 2],
}

impl Outcome {
    /// Tells it of a database, and of what happened there.
    fn tell(&self, database: &str, faults: &str) {
        let Self {
            seconds,
            faults: happened,
            stalled,
            tally,
            memory: [memory, memory_in_the_end],
            files: [files, files_in_the_end],
        } = self;
        proved(
            &format!("through {faults}, {database} keeps every write that was acknowledged"),
            format!(
                "{} writes, {} of them verified by tokens, {happened} faults in {seconds} s",
                tally.acknowledged, tally.verified
            ),
        );
        proved(
            &format!(
                "on {database} calls fail only from a fault until /readyz answers 200, while \
                 clients stall and hang up"
            ),
            format!(
                "0 of {} requests outside of that, {} within, {stalled} stalled connections",
                tally.requests, tally.failed_in_faults
            ),
        );
        proved(
            &format!("on {database} each malformed request is answered with its own 4xx"),
            format!("{0} of {0}", tally.malformed),
        );
        proved(
            &format!(
                "on {database} resident memory does not grow from the second quarter of the time \
                 to the last (medians)"
            ),
            format!("{memory} KiB to {memory_in_the_end} KiB"),
        );
        proved(
            &format!("on {database} no file descriptor is left behind"),
            format!(
                "{files_in_the_end} open in the end, {files} by a process that has just started"
            ),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soak_on_sqlite_loses_nothing_by_kill_9_and_leaves_nothing_behind() {
    // On a disk that takes 4 s for a commit, as it may behind a large build, calls are refused rightly.
    let outcome = soak(Database::sqlite_on_tmpfs(), None).await;
    outcome.tell(
        "SQLite",
        "kill -9 of the service and without a reader of its log",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soak_on_postgres_loses_nothing_by_its_faults_and_leaves_nothing_behind() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    let proxy = Proxy::to(&database).await;
    let outcome = soak(database, Some(&Server { cluster, proxy })).await;
    outcome.tell(
        "PostgreSQL",
        "restarts, crashes, ended and silently lost connections and killed backends",
    );
}
