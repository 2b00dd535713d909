//! What of an answer's time was waiting for media, so that the rest can be told apart from it.

use std::time::{Duration, Instant, SystemTime};

use http::Response;

use crate::sight::Held;

use super::body::DeliveryBody;

/// Below this nothing was waited for but processors, and nobody is asked when what came was there.
const AT_ONCE: Duration = Duration::from_millis(1);

/// The start of an answer that may be held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    asked: Instant,
}

impl Holding {
    pub(super) fn begin() -> Self {
        let asked = Instant::now();
        Self { asked }
    }

    /// Notes on the answer that it was held until `published` says, if it was.
    pub(super) fn end(
        self,
        response: &mut Response<DeliveryBody>,
        published: impl FnOnce() -> Option<SystemTime>,
    ) {
        let total = self.asked.elapsed();
        if total < AT_ONCE {
            return;
        }
        let Some(published) = published() else {
            return;
        };
        let since = SystemTime::now().duration_since(published);
        let held = total.saturating_sub(since.unwrap_or_default());
        if !held.is_zero() {
            response.extensions_mut().insert(Held(held));
        }
    }
}
