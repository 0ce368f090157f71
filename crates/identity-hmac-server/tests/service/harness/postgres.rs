//! A real PostgreSQL of our own: made, started and stopped here, on a free loopback port.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, Executor};

use super::process::free_port;

/// Who may connect: some roles only encrypted, only in plain text, or by a certificate of their own.
const HBA: &str = "
local     all          all                           trust
hostssl   all          by_certificate  127.0.0.1/32  cert
hostssl   all          only_encrypted  127.0.0.1/32  trust
host      all          only_encrypted  127.0.0.1/32  reject
hostnossl all          only_plain      127.0.0.1/32  trust
host      all          only_plain      127.0.0.1/32  reject
host      all          by_password     127.0.0.1/32  scram-sha-256
host      all          all             127.0.0.1/32  trust
host      replication  all             127.0.0.1/32  trust
";

/// A PostgreSQL server with its data.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    server: Mutex<Option<Child>>,
}

impl Cluster {
    /// The server that the tests share. It ends with the process of the tests.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);
        &SHARED
    }

    /// Makes a cluster and starts its server.
    pub(crate) fn start() -> Self {
        let cluster = Self::without_data();
        cluster.initialize();
        cluster.resume();
        cluster
    }

    /// Makes a cluster that speaks TLS, with the [`certificate`](Self::certificate) `server.pem`.
    pub(crate) fn start_with_tls() -> Self {
        let cluster = Self::without_data();
        cluster.initialize();
        cluster.make_certificates();
        let [certificate, key, authority] =
            ["server.pem", "server.key", "ca.pem"].map(|file| cluster.certificate(file));
        let settings = format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
            certificate.display(),
            key.display(),
            authority.display(),
        );
        fs::write(cluster.folder.join("data/postgresql.auto.conf"), settings).unwrap();
        cluster.resume();
        cluster
    }

    fn initialize(&self) {
        self.make_data(as_unprivileged(&program("initdb")).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]));
        fs::write(self.folder.join("data/pg_hba.conf"), HBA).unwrap();
    }

    /// The pairs `NAME.pem` and `NAME.key`: an authority `ca`; of it a `server` that is called
    /// localhost and a `client` that is called `by_certificate`; an `other` authority; and `v1`, a server
    /// in X.509 version 1.
    pub(crate) fn certificate(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn make_certificates(&self) {
        const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        const OF_CA: &str = "-CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE";
        let openssl = |arguments: &str| {
            let made = as_unprivileged(Path::new("openssl"))
                .args(arguments.split_whitespace())
                .current_dir(&self.folder)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&made.stderr);
            assert!(made.status.success(), "openssl {arguments}: {told}");
        };
        let pair = |name: &str, subject: &str, more: &str| {
            openssl(&format!(
                "req -x509 {KEY} -keyout {name}.key -out {name}.pem -subj /CN={subject} {more}"
            ));
        };
        pair("ca", "ca", "");
        pair("other", "other", "");
        let named = format!("{OF_CA} -addext subjectAltName=DNS:localhost");
        pair("server", "localhost", &named);
        pair("client", "by_certificate", OF_CA);
        openssl(&format!(
            "req {KEY} -keyout v1.key -out v1.csr -subj /CN=localhost"
        ));
        openssl("x509 -req -in v1.csr -signkey v1.key -days 2 -out v1.pem");
    }

    /// Makes a standby of this server and starts it: what is committed here is there from now on.
    pub(crate) async fn standby(&self) -> Self {
        self.standby_at(free_port()).await
    }

    /// The same at a port where another server was.
    pub(crate) async fn standby_at(&self, standby_port: u16) -> Self {
        const IS_THERE: &str = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        let mut standby = Self::without_data();
        standby.port = standby_port;
        let port = self.port.to_string();
        standby.make_data(as_unprivileged(&program("pg_basebackup")).args([
            "--host=127.0.0.1",
            "--port",
            &port,
            "--username=postgres",
            "--checkpoint=fast",
            "--no-sync",
            "--write-recovery-conf",
        ]));
        standby.resume();
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            .await;
        self.execute("SELECT pg_reload_conf()").await;
        let mut session = self.connect("postgres").await;
        while sqlx::query_scalar::<_, i64>(IS_THERE)
            .fetch_one(&mut session)
            .await
            .unwrap()
            == 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        standby
    }

    /// Makes a standby the primary.
    pub(crate) async fn promote(&self) {
        self.execute("SELECT pg_promote()").await;
    }

    /// Runs a statement as the owner of the cluster.
    pub(crate) async fn execute(&self, sql: &'static str) {
        let mut session = self.connect("postgres").await;
        session.execute(sql).await.unwrap();
        session.close().await.unwrap();
    }

    fn without_data() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("identity-postgres-")
            .tempdir()
            .unwrap()
            .keep();
        if let Some((user, group)) = unprivileged() {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        Self {
            folder,
            port: free_port(),
            server: Mutex::new(None),
        }
    }

    fn make_data(&self, program: &mut Command) {
        let made = program
            .arg("--pgdata")
            .arg(self.folder.join("data"))
            .current_dir("/")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{told}");
    }

    /// Starts the server, after [`stop`](Self::stop), and waits until it serves.
    pub(crate) fn resume(&self) {
        self.run("", Command::new("sh"));
    }

    /// Starts the server, after [`stop`](Self::stop), on a copy of its data on a disk of 128 MiB that
    /// nobody else has, and returns where that is.
    pub(crate) fn resume_on_small_disk(&self) -> PathBuf {
        const MOUNT: &str = r#"
            mount -t tmpfs -o size=128m,mode=0700 tmpfs "$FOLDER/disk" &&
            chown --reference="$FOLDER/data" "$FOLDER/disk" &&
            cp -a "$FOLDER/data/." "$FOLDER/disk" &&
            mount --bind "$FOLDER/disk" "$FOLDER/data" || exit
        "#;
        let disk = self.folder.join("disk");
        fs::create_dir_all(&disk).unwrap();
        let mut shell = with_own_mounts();
        shell.arg("sh");
        let process = self.run(MOUNT, shell);
        let root = PathBuf::from(format!("/proc/{process}/root"));
        root.join(disk.strip_prefix("/").unwrap())
    }

    /// Lets a shell prepare and run the server, and returns the shell's process id.
    fn run(&self, prepare: &str, mut shell: Command) -> u32 {
        // The shell stops the server and takes its data away when this process ends, however it
        // ends: its standard input is closed then.
        const SUPERVISE: &str = r#"
            "$@" & server=$!
            read -r signal
            kill -s "${signal:-INT}" $server
            wait $server
            [ -n "$signal" ] && exit
            umount "$FOLDER/data" "$FOLDER/disk" 2>/dev/null
            rm -rf "$FOLDER"
        "#;
        let mut server = self.server.lock().unwrap();
        assert!(server.is_none(), "it runs already");
        let log = fs::File::create(self.folder.join("log")).unwrap();
        let postgres = as_unprivileged(&program("postgres"));
        let child = shell
            .args(["-c", &format!("{prepare}{SUPERVISE}"), "postgres"])
            .arg(postgres.get_program())
            .args(postgres.get_args())
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string(), "-h", "127.0.0.1"])
            .args(["-c", "fsync=off", "-c", "max_connections=300"])
            .env("FOLDER", &self.folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let process = child.id();
        *server = Some(child);
        let start = Instant::now();
        while !self.is_ready() {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "PostgreSQL does not start: {}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        process
    }

    /// Stops the server, once it has rolled back what is under way, and keeps its data.
    pub(crate) fn stop(&self) {
        self.end("INT");
    }

    /// Stops the server without a word to anybody, and keeps its data: it has to recover.
    pub(crate) fn crash(&self) {
        self.end("QUIT");
    }

    fn end(&self, signal: &str) {
        use std::io::Write;
        let mut child = self.server.lock().unwrap().take().expect("it runs");
        writeln!(child.stdin.take().unwrap(), "{signal}").unwrap();
        child.wait().unwrap();
    }

    /// Makes an empty database and returns its URL.
    pub(crate) async fn create_database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.connect("postgres").await;
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        admin.execute(create).await.unwrap();
        admin.close().await.unwrap();
        self.url(&name)
    }

    /// The port that the server listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Connects to a database of this cluster as its owner.
    pub(crate) async fn connect(&self, database: &str) -> sqlx::PgConnection {
        let options: sqlx::postgres::PgConnectOptions = self.url(database).parse().unwrap();
        options.connect().await.unwrap()
    }

    /// The folder with the data, and the socket.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn url(&self, database: &str) -> String {
        // Encryption takes time, and the tests that need it say so.
        let port = self.port;
        format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    fn is_ready(&self) -> bool {
        Command::new(program("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status()
            .unwrap()
            .success()
    }
}

/// Stops the server and takes its data away.
impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut child) = self.server.lock().unwrap().take() {
            drop(child.stdin.take());
            child.wait().unwrap();
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Where the newest PostgreSQL's programs are: in Debian's folders, or on the path.
pub(super) fn bin() -> Option<&'static Path> {
    static BIN: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .map(|version| version.unwrap().path())
            .filter_map(|version| Some((version.file_name()?.to_str()?.parse().ok()?, version)))
            .map(|(number, version)| (number, version.join("bin")))
            .collect();
        versions.sort();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let newest = versions.into_iter().rev().map(|(_, bin)| bin);
        newest
            .chain(std::env::split_paths(&path))
            .find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
    });
    BIN.as_deref()
}

/// The path of one of PostgreSQL's programs.
fn program(name: &str) -> PathBuf {
    let bin = bin().expect("a test that needs PostgreSQL begins with without_postgres()");
    bin.join(name)
}

/// Runs the program that is added to it where mounts are its own.
pub(crate) fn with_own_mounts() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if unprivileged().is_none() {
        // Without root, a process may mount in a user namespace.
        command.args(["--user", "--map-current-user", "--keep-caps"]);
    }
    command
}

/// A user to run PostgreSQL as, since it refuses to run as root; `None` when we are not root.
pub(super) fn unprivileged() -> Option<(u32, u32)> {
    let id = |args: &[&str]| -> u32 {
        let output = Command::new("id").args(args).output().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

pub(super) fn as_unprivileged(program: &Path) -> Command {
    let Some((user, group)) = unprivileged() else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .args([
            &format!("--reuid={user}"),
            &format!("--regid={group}"),
            "--clear-groups",
        ])
        .arg(program);
    command
}
