//! `check-playlists FILE…`: checks recorded playlist bodies; exits with 1 when one breaks a rule
//! and with 2 when one cannot be read.

use std::process::ExitCode;

fn main() -> ExitCode {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: check-playlists FILE…");
        return ExitCode::from(2);
    }
    let (mut bad, mut unread) = (0, 0);
    for file in &files {
        let name = file.to_string_lossy();
        let body = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{name}: {error}");
                unread += 1;
                continue;
            }
        };
        let Ok(body) = String::from_utf8(body) else {
            eprintln!("{name}: PL-02: not UTF-8");
            bad += 1;
            continue;
        };
        if let Err(violations) = playlist_oracle::check(&body) {
            bad += 1;
            for violation in violations {
                eprintln!("{name}: {violation}");
            }
        }
    }
    println!(
        "{} playlists, {bad} break rules, {unread} could not be read",
        files.len()
    );
    match (bad, unread) {
        (0, 0) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::from(1),
        _ => ExitCode::from(2),
    }
}
