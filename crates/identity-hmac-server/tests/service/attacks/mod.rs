//! What somebody may try who means harm.

mod bodies;
mod http;
mod identity_tokens;
mod secrets;
mod signatures;
mod stalls;
mod table;
mod tenants;
mod tokens;

/// A source of random tries, new in every run. A failed test shows its seed.
#[expect(clippy::print_stdout, reason = "the test's own output")]
fn random() -> fastrand::Rng {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    fastrand::Rng::with_seed(seed)
}
