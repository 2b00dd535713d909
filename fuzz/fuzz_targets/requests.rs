//! Any request that a stranger may send to the delivery routes: see the promises in the module that
//! it shares with the tests of the origin.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/origin/tests/requests/mod.rs"]
mod world;

thread_local! {
    static WORLD: world::World = world::World::new();
}

fuzz_target!(|text: &str| {
    WORLD.with(|world| world.ask(text));
});
