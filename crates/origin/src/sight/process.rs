//! What the system knows of this process. Linux tells it in files; elsewhere nothing is known.

use std::time::Duration;

/// What one look costs is two small files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Process {
    /// Time on processors, of all threads.
    pub(crate) cpu: Duration,
    /// Memory that is really there.
    pub(crate) resident_bytes: u64,
}

/// File descriptors. Counting them is linear in their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptors {
    pub(crate) open: u64,
    pub(crate) limit: Option<u64>,
}

#[cfg(target_os = "linux")]
impl Process {
    pub(crate) fn look() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        Self::parse(
            &stat,
            &statm,
            rustix::param::clock_ticks_per_second(),
            rustix::param::page_size() as u64,
        )
    }

    /// proc(5): fields 14 and 15 of `stat` are times in ticks, field 2 of `statm` is in pages.
    fn parse(stat: &str, statm: &str, ticks_per_second: u64, page: u64) -> Option<Self> {
        // The name of the program comes before in parentheses, and may have spaces in it.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        let millis = (ticks()? + ticks()?).checked_mul(1000)? / ticks_per_second.max(1);
        let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some(Self {
            cpu: Duration::from_millis(millis),
            resident_bytes: pages * page,
        })
    }
}

#[cfg(target_os = "linux")]
impl Descriptors {
    pub(crate) fn look() -> Option<Self> {
        let open = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        // One of them was the folder.
        Some(Self {
            open: open.saturating_sub(1),
            limit,
        })
    }
}

#[cfg(not(target_os = "linux"))]
impl Process {
    pub(crate) fn look() -> Option<Self> {
        None
    }
}

#[cfg(not(target_os = "linux"))]
impl Descriptors {
    pub(crate) fn look() -> Option<Self> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_proc_are_read() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 99 0 0 0 250 150 0 0 20 0 4 0 1 1 1";
        let process = Process::parse(stat, "5000 300 200 1 0 1000 0", 100, 4096);
        let expected = Process {
            cpu: Duration::from_secs(4),
            resident_bytes: 300 * 4096,
        };
        assert_eq!(process, Some(expected));
        assert_eq!(Process::parse("7 (a", "1", 100, 4096), None);
        assert!(Process::look().is_some_and(|it| it.resident_bytes > 0));
        assert!(Descriptors::look().is_some_and(|it| it.open >= 3));
    }
}
