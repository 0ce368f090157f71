# make demo     a shop whose chat knows its customers, in your browser: BACKEND=axum, express,
#               fastapi or sinatra, PORT=3000, SERVICE_PORT=8080
# make quick    the loop of a contributor: core, command and the service on SQLite, with cargo alone
# make setup    install what the other targets need (they call it themselves)
# make test     run every test, on the packages as a user would install them
# make check    formatting, lints, documentation, licenses
# make docs     build docs/ as a site with its playground, into target/docs
# make sbom     an SBOM in CycloneDX for each package, beside it
# make packages put the wheel, the sdist, the gem and the npm tarball into dist/
# make release  build what is published for this machine (or TRIPLE=…) into dist/release/
# make release-dry-run  that twice, compared; each package installed and run; half-failed releases
# make platforms  build the packages, and try them and the service where users have them, into
#               docs/platforms.md (an hour and a half)
# make bench    measure everything beside what else there is, into docs/benchmarks.md (half an hour)
# make prove    run the security proofs, into SECURITY.md's table (36 minutes)

CARGO ?= cargo
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
CARGO_MUTANTS_VERSION := 27.1.0
MDBOOK_VERSION := 0.5.4
BINDINGS := bindings/python bindings/ruby bindings/node bindings/browser
SETUPS := $(BINDINGS:bindings/%=setup-%)
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Where the tests install the packages, fresh every time.
INSTALLED := $(TARGET)/installed
SERVER := $(TARGET)/debug/identity-hmac-server
BACKEND ?= axum
PORT ?= 3000
SERVICE_PORT ?= 8080
# What the default build never compiles.
OWN_WORKSPACES := fuzz playground tests/bench/core tests/bench/service/sqlite-loop tests/canary/memory tests/constant-time
OWN_WORKSPACES += tests/docs/jsonwebtoken tests/no-std
# What is written in JavaScript outside the Node and the browser package.
SCRIPTS_JS := docs/playground.js playground scripts tests/bench/node.mjs tests/bench/service/express-pg tests/canary/node.mjs
SCRIPTS_JS += tests/canary/memory/node.mjs tests/conformance tests/e2e tests/next/serve.mjs tests/platforms tests/routes
# The package that a backend of the demo is built with; the one on axum takes the crate.
PACKAGE_express := bindings/node
PACKAGE_fastapi := bindings/python
PACKAGE_sinatra := bindings/ruby
# What is tested and run without optimization, in every call: beside other crates, the dependencies would
# have other features, and be built again.
TESTED := --locked --all-features $(addprefix -p ,$(notdir $(wildcard crates/*)) example-axum manual)
BUILD := $(CARGO) build $(TESTED) --all-targets
DOC := RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --all-features

# Where rustc looks first for make's jobs. Only a make is given any, and rustc warns of what it misses.
export CARGO_MAKEFLAGS :=

each_binding = $(foreach binding,$(BINDINGS),$(MAKE) -C $(binding) $(1) &&) true

.PHONY: demo docs quick setup setup-rust $(SETUPS) packages install-gem setup-examples
.PHONY: test test-rust test-no-std test-packaging test-bindings test-docs test-conformance test-release
.PHONY: test-examples test-e2e
.PHONY: bench platforms test-bench prove prove-canary prove-constant-time prove-fuzz prove-mutants
.PHONY: prove-service prove-supply-chain sbom
.PHONY: check check-rust check-licenses check-vectors check-version check-docs check-bindings check-examples
.PHONY: check-scripts check-workflows
.PHONY: release setup-release try-release release-dry-run

demo:
	@node scripts/demo.mjs $(BACKEND) $(PORT) $(SERVICE_PORT)
	$(CARGO) build --locked -p identity-hmac-server
	$(MAKE) -C bindings/browser build
	$(if $(PACKAGE_$(BACKEND)),$(MAKE) -C $(PACKAGE_$(BACKEND)) package)
	$(MAKE) -C examples setup-$(BACKEND)
	@node scripts/demo.mjs $(BACKEND) $(PORT) $(SERVICE_PORT) $(abspath $(SERVER))

setup: setup-rust $(SETUPS)

$(SETUPS): setup-%:
	@$(MAKE) -C bindings/$* setup

# Both install what tests/next has.
setup-browser: setup-node

setup-rust:
	@scripts/debian-packages bash curl fish openssl pgbouncer postgresql procps util-linux zsh
	@# Without optimization: it is built in half the time, and runs for seconds.
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked --debug cargo-deny@$(CARGO_DENY_VERSION)

docs:
	@mdbook --version 2>/dev/null | grep -q 'v$(MDBOOK_VERSION)' || \
		$(CARGO) install --locked --no-default-features --features search mdbook@$(MDBOOK_VERSION)
	mdbook build docs
	$(MAKE) -C playground build SITE=$(abspath $(TARGET))/docs
	python3 tests/docs/check.py --site $(TARGET)/docs
	$(MAKE) -C playground test SITE=$(abspath $(TARGET))/docs

packages: setup
	$(call each_binding,package)

# These two for those that would otherwise do it at once, where make has more than one job.
install-gem: packages
	$(MAKE) -C bindings/ruby install

setup-examples: packages install-gem
	$(MAKE) -C examples setup BUILD_AXUM="$(BUILD)"

quick:
	IDENTITY_TEST_POSTGRES=off $(CARGO) test --locked --all-features

test: test-rust test-no-std test-packaging test-bindings test-docs test-conformance test-examples
test: test-e2e test-bench test-release

# The service's tests wait more than they calculate: twice as many at a time as there are cores.
test-rust: setup-rust
	RUST_TEST_THREADS=$$((2 * $$(getconf _NPROCESSORS_ONLN))) IDENTITY_TEST_POSTGRES=required \
		$(CARGO) test $(TESTED)
	$(CARGO) test $(TESTED) --test completions -- --ignored
	$(CARGO) test --locked -p identity-hmac --no-default-features

# Built by itself, so that no other crate's features reach the core.
test-no-std:
	$(CARGO) build --locked --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std
	$(CARGO) build --locked --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std --features token
	$(CARGO) build --locked --manifest-path tests/no-std/Cargo.toml --target-dir target/no-std --features route

# The unit file, the container file, and what every package carries: licences, man pages, completions.
test-packaging:
	@scripts/debian-packages bash buildah ca-certificates fish groff-base systemd util-linux zsh
	$(BUILD)
	python3 tests/packaging/run.py $(SERVER)
	python3 tests/packaging/licenses.py
	python3 tests/packaging/manual.py $(TARGET)/debug/manual

test-bindings: packages install-gem
	$(call each_binding,test PACKAGED=1)

# Leaves a fresh installation of every package for the conformance run.
test-docs: packages
	@scripts/debian-packages curl openssl postgresql-common puma ruby-actionpack ruby-railties ruby-sinatra sqlite3
	$(BUILD)
	$(CARGO) build --locked --manifest-path tests/docs/jsonwebtoken/Cargo.toml --target-dir $(TARGET)/jsonwebtoken
	python3 tests/docs/check.py
	python3 tests/docs/http_reference.py $(SERVER)
	python3 tests/docs/service_help.py $(SERVER)
	python3 tests/docs/run.py $(INSTALLED) $(TARGET)/debug

test-conformance: test-docs
	$(CARGO) build --locked --release -p identity-hmac-cli -p conformance-core
	python3 tests/conformance/run.py --installed $(INSTALLED) --built $(TARGET)/release

test-examples: setup-examples
	$(MAKE) -C examples test BUILD_AXUM="$(BUILD)"

test-e2e: setup-examples
	$(MAKE) -C tests/e2e test SERVER=$(abspath $(SERVER))

test-bench: packages
	$(MAKE) -C tests/bench test

# The scripts of a release.
test-release: setup-python
	bindings/python/.venv/bin/python -m pytest -p no:cacheprovider --ignore tests/release/publish tests/release

# With what is published, as far as it can be built here. For musl and arm64, which this machine is not,
# Debian's rustc and zig build it: the rows of what they cannot build say that it is missing.
platforms: packages
	$(foreach binding,python ruby node,$(MAKE) -C bindings/$(binding) release &&) true
	-$(MAKE) -C packaging release TRIPLE=x86_64-unknown-linux-musl
	-$(MAKE) -C packaging release TRIPLE=aarch64-unknown-linux-musl
	-$(MAKE) -C bindings/node release TRIPLE=x86_64-unknown-linux-musl
	-$(MAKE) -C bindings/node release TRIPLE=aarch64-unknown-linux-gnu
	-$(MAKE) -C bindings/python release TRIPLE=aarch64-unknown-linux-gnu
	$(MAKE) -C tests/platforms run

bench: packages
	$(MAKE) -C tests/bench/service setup
	$(MAKE) -C tests/bench run

# One proof after the other, each of them a target below: `make prove-fuzz` runs one.
prove: setup
	python3 scripts/prove.py

prove-constant-time:
	@scripts/debian-packages valgrind libclang-dev
	$(MAKE) -C tests/constant-time prove

prove-fuzz:
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz@$(CARGO_FUZZ_VERSION)
	python3 fuzz/run.py --seconds 30

prove-canary: test-docs
	$(BUILD)
	$(MAKE) -C tests/canary prove INSTALLED=$(abspath $(INSTALLED)) BUILT=$(abspath $(TARGET))/debug

# An SBOM in CycloneDX beside each package in dist/.
sbom: packages
	$(MAKE) -C tests/supply-chain sbom

prove-supply-chain: packages
	$(BUILD)
	$(MAKE) -C tests/supply-chain prove BUILT=$(abspath $(TARGET))/debug

prove-mutants: setup-rust
	@command -v cargo-mutants >/dev/null || $(CARGO) install --locked cargo-mutants@$(CARGO_MUTANTS_VERSION)
	python3 scripts/mutants.py

# The races, attacks and faults whole, which `make test` repeats less often.
prove-service: setup-rust
	IDENTITY_TEST_POSTGRES=required IDENTITY_TEST_LONG=1 $(CARGO) test --locked -p identity-hmac-server --test service -- --nocapture races:: attacks:: soak:: fail_over kill

check: check-rust check-licenses check-vectors check-version check-docs check-bindings check-examples
check: check-scripts check-workflows

check-rust: setup
	$(CARGO) fmt --all --check
	$(foreach workspace,$(OWN_WORKSPACES),$(CARGO) fmt --all --check --manifest-path $(workspace)/Cargo.toml &&) true
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy --locked -p identity-hmac --no-default-features -- -D warnings
	$(CARGO) clippy --locked -p identity-hmac --no-default-features --features token -- -D warnings
	$(CARGO) clippy --locked -p identity-hmac --no-default-features --features route -- -D warnings
	# With the features of clippy's run, whose work is taken: the workspace's, and those of the examples.
	# The core comes after the command: both are called identity_hmac, and the core's pages are to stay.
	$(DOC) --workspace --exclude identity-hmac --lib --bins --examples
	$(DOC) -p identity-hmac

check-licenses: setup-rust
	$(CARGO) fetch --locked
	$(CARGO) deny --offline --log-level error check licenses bans sources

check-vectors:
	python3 tests/vectors/generate.py --check

# Every place that names the version: `scripts/release/version.py set X.Y.Z` changes them all. And no
# dependency needs a newer Rust than its crate promises.
check-version:
	python3 scripts/release/version.py
	python3 scripts/minimum_rust.py

# A second, without a network. The pages are run by test-docs.
check-docs:
	python3 tests/docs/check.py

check-bindings: packages
	$(call each_binding,check PACKAGED=1)

check-examples: setup
	$(MAKE) -C examples check

# What stands outside the crates and the bindings, with the tools of the bindings.
check-scripts: setup
	bindings/python/.venv/bin/ruff format --check fuzz scripts tests
	bindings/python/.venv/bin/ruff check fuzz scripts tests
	rubocop --cache false --config bindings/ruby/.rubocop.yml tests
	bindings/node/node_modules/.bin/biome check --error-on-warnings --config-path bindings/node $(SCRIPTS_JS)

check-workflows:
	$(MAKE) -C scripts/release check-workflows

# What is published, for the Rust target TRIPLE, into dist/release/.
release:
	$(MAKE) -C scripts/release release

try-release:
	$(MAKE) -C scripts/release try

setup-release:
	$(MAKE) -C scripts/release setup

release-dry-run:
	$(MAKE) -C scripts/release dry-run
