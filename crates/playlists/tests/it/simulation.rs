//! Publishers, viewers, restarts and clock steps from a seed, one thread, simulated time.
//!
//! Everything that is answered is held against the books of what was published and against the
//! oracle of playlists. A failure names its seed:
//!
//! ```text
//! SIMULATION_SEED=17 cargo test -p playlists --test it simulation
//! SIMULATION_SEEDS=500 SIMULATION_STEPS=3000 cargo test --release -p playlists --test it simulation
//! ```

/// Requests that are under way, and what they must come to.
mod audience;
/// What was published, and what may therefore be answered.
mod books;
/// The registry, its publishers, and what happens to them.
mod world;

use world::World;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// Names the seed when the test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was SIMULATION_SEED={}", self.0);
        }
    }
}

/// The bodies of a run, in one number.
fn run(seed: u64, steps: u64) -> u64 {
    let _seed = Seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed);
        for _ in 0..steps {
            world.step().await;
        }
        world.close().await
    })
}

#[test]
fn the_laws_hold_whatever_happens() {
    let steps = number("SIMULATION_STEPS").unwrap_or(300);
    if let Some(seed) = number("SIMULATION_SEED") {
        run(seed, steps);
        return;
    }
    for seed in 0..number("SIMULATION_SEEDS").unwrap_or(4) {
        run(seed, steps);
    }
}

/// Otherwise a seed would be worth nothing.
#[test]
fn a_seed_is_a_history() {
    assert_eq!(run(1, 100), run(1, 100));
    assert_ne!(run(1, 100), run(2, 100));
}
