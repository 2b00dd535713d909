//! A server in a process of its own, and what the system says about it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::client::Protocol;

/// What a child serves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// One live rendition like the reference's: parts of 200 ms at 0.7 Mb/s.
    Live,
    /// A finished playlist of the usual size and a part of 100 kB, from the origin.
    Still,
    /// The same with a target duration of ten seconds, so that requests are held for thirty.
    Held,
    /// The same bytes as of [`Still`](Self::Still) from a bare hyper handler.
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
            Self::Held => "held".to_owned(),
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

    /// Where it speaks `protocol`.
    pub(crate) fn address(&self, protocol: Protocol) -> SocketAddr {
        match protocol {
            Protocol::H1 | Protocol::H2c => self.clear,
            Protocol::H2Tls => self.tls,
        }
    }

    /// Resident memory in kB.
    pub(crate) fn memory(&self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// CPU time so far, user and system, of all threads: none of a server's ends.
    pub(crate) fn cpu(&self) -> Duration {
        let id = self.child.id().expect("it runs");
        let threads = std::fs::read_dir(format!("/proc/{id}/task"));
        let nanos = threads
            .expect("a process has threads")
            .filter_map(|thread| {
                // In nanoseconds, where /proc/ID/stat counts hundredths of a second.
                let path = thread.ok()?.path().join("schedstat");
                let text = std::fs::read_to_string(path).ok()?;
                text.split(' ').next()?.parse::<u64>().ok()
            })
            .sum();
        Duration::from_nanos(nanos)
    }

    /// Open descriptors: a connection that the server has let go of has none.
    pub(crate) fn descriptors(&self) -> usize {
        let id = self.child.id().expect("it runs");
        let open = std::fs::read_dir(format!("/proc/{id}/fd"));
        open.expect("a process has descriptors").count()
    }

    fn read(&self, file: &str) -> String {
        let id = self.child.id().expect("it runs");
        std::fs::read_to_string(format!("/proc/{id}/{file}")).expect("a process has such a file")
    }
}
