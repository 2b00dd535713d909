//! File descriptors: each connection needs one, and systems give few unless asked.

/// Raises the soft limit of this process as far as it may go, and says so when that is too little
/// for `connections`.
#[cfg(unix)]
pub(crate) fn raise(connections: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let wanted = connections as u64;
    if limit
        .current
        .is_some_and(|current| limit.maximum != Some(current))
    {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit on file descriptors could not be raised");
        }
    }
    if let Some(current) = getrlimit(Resource::Nofile).current
        && current < wanted
    {
        tracing::warn!(
            descriptors = current,
            connections,
            "fewer file descriptors than connections are allowed: beyond that, connections wait"
        );
    }
}

#[cfg(not(unix))]
pub(crate) fn raise(_connections: usize) {}
