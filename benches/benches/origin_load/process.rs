//! A server in a process of its own, and what the system says about it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// What a child serves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// One live rendition like the reference's: parts of 200 ms at 0.7 Mb/s.
    Live,
    /// A finished playlist of the usual size and a part of 100 kB, from the origin.
    Still,
    /// The same bytes from a bare hyper handler.
    Bare,
    /// That many streams that nobody watches.
    Idle { streams: u64 },
}

pub(crate) struct Child {
    child: tokio::process::Child,
    pub(crate) clear: SocketAddr,
    pub(crate) tls: SocketAddr,
}

impl Kind {
    fn word(self) -> String {
        match self {
            Self::Live => "live".to_owned(),
            Self::Still => "still".to_owned(),
            Self::Bare => "bare".to_owned(),
            Self::Idle { streams } => format!("idle:{streams}"),
        }
    }
}

impl Child {
    /// Starts a server and waits until it says where it listens.
    pub(crate) async fn start(kind: Kind) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args(["--serve", &kind.word()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this program can be started again");
        let output = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines();
        let line = lines.next_line().await.expect("it can be read");
        let line = line.expect("a server says where it listens");
        let mut addresses = line
            .split(' ')
            .map(|text| text.parse().expect("an address"));
        let mut address = || addresses.next().expect("two addresses");
        Self {
            clear: address(),
            tls: address(),
            child,
        }
    }

    /// Resident memory in kB.
    pub(crate) fn memory(&self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// CPU time so far, user and system.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        // The second field is the program's name, in parentheses, and may hold anything.
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let mut fields = rest.split(' ').skip(11);
        let mut ticks = || -> u64 {
            fields
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        // A tick is 10 ms on every Linux there is.
        Duration::from_millis(10 * (ticks() + ticks()))
    }

    fn read(&self, file: &str) -> String {
        let id = self.child.id().expect("it runs");
        std::fs::read_to_string(format!("/proc/{id}/{file}")).expect("a process has such a file")
    }
}
