//! Who publishes on a point: one encoder, one after another, or several for redundancy.

use crate::ingest::error::IngestError;
use crate::media::{
    ByteBudget, InitSection, MediaError, MediaItem, MediaLimits, MediaReader, StreamEnd,
};

/// One request's place among those of its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SourceId(u64);

/// One request: its bytes up to the next whole fragment.
#[derive(Debug)]
pub(super) struct Source {
    id: SourceId,
    reader: Option<MediaReader>,
}

impl Source {
    pub(super) fn id(&self) -> SourceId {
        self.id
    }

    /// Reads bytes. A request without a header of its own goes on with the point's.
    pub(super) fn read(
        &mut self,
        header: Option<&InitSection>,
        (limits, budget): (&MediaLimits, &ByteBudget),
        chunk: &[u8],
        items: &mut Vec<MediaItem>,
    ) -> Result<(), MediaError> {
        let reader = self.reader.get_or_insert_with(|| {
            let reader = match header {
                Some(init) => MediaReader::with_init(limits.clone(), init.clone()),
                None => MediaReader::new(limits.clone()),
            };
            reader.within(budget)
        });
        reader.read(chunk, items)
    }

    /// The body ended in order.
    pub(super) fn finish(&mut self) {
        if let Some(StreamEnd::Truncated { bytes }) = self.reader.take().map(MediaReader::finish) {
            tracing::debug!(bytes, "the body ended inside a box, which was dropped");
        }
    }
}

/// The requests of one point.
///
/// One leads: its timeline is the point's. Others may send the same media beside it, and what is
/// there already is left out. One that sends something else takes over, and those before it are told.
#[derive(Debug)]
pub(super) struct Sources {
    /// The most there may be at once.
    limit: usize,
    joined: Vec<Joined>,
    lead: Option<SourceId>,
    next: u64,
}

#[derive(Debug)]
struct Joined {
    id: SourceId,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Yes,
    /// Another source has taken over.
    NoMore,
}

/// How a source stands to the one that leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It leads.
    Leads,
    /// Another one does.
    Beside,
}

impl Standing {
    pub(super) fn is_beside(self) -> bool {
        self == Self::Beside
    }
}

impl Sources {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            joined: Vec::new(),
            lead: None,
            next: 0,
        }
    }

    /// A place for a new request.
    pub(super) fn join(&mut self) -> Result<Source, IngestError> {
        if self.joined.len() >= self.limit {
            return Err(IngestError::Busy { limit: self.limit });
        }
        let id = SourceId(self.next);
        self.next += 1;
        let counts = Counts::Yes;
        self.joined.push(Joined { id, counts });
        Ok(Source { id, reader: None })
    }

    pub(super) fn leave(&mut self, source: SourceId) {
        self.joined.retain(|joined| joined.id != source);
        if self.lead == Some(source) {
            self.lead = None;
        }
    }

    /// Whether somebody's timeline is the point's.
    pub(super) fn has_lead(&self) -> bool {
        self.lead.is_some()
    }

    /// Whether a source still counts.
    pub(super) fn check(&self, source: SourceId) -> Result<(), IngestError> {
        let is_replaced = |joined: &Joined| joined.id == source && joined.counts == Counts::NoMore;
        if self.joined.iter().any(is_replaced) {
            Err(IngestError::Replaced)
        } else {
            Ok(())
        }
    }

    /// Where a source stands that has sent no media yet.
    pub(super) fn standing(&self, source: SourceId) -> Standing {
        match self.lead {
            Some(lead) if lead != source => Standing::Beside,
            _ => Standing::Leads,
        }
    }

    /// Where a source with media stands; it leads where nobody does.
    pub(super) fn lead(&mut self, source: SourceId) -> Standing {
        if *self.lead.get_or_insert(source) == source {
            Standing::Leads
        } else {
            Standing::Beside
        }
    }

    /// The source leads from now on. The others are told when they send more, unless it led before.
    pub(super) fn take_over(&mut self, source: SourceId) {
        if self.lead.replace(source) == Some(source) {
            return;
        }
        for joined in &mut self.joined {
            if joined.id != source {
                joined.counts = Counts::NoMore;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_encoder_counts_and_the_older_one_is_told() {
        let mut sources = Sources::new(8);
        let old = sources.join().unwrap().id();
        assert_eq!(sources.lead(old), Standing::Leads);
        let new = sources.join().unwrap().id();
        assert_eq!(sources.lead(new), Standing::Beside);
        sources.take_over(new);
        assert!(matches!(sources.check(old), Err(IngestError::Replaced)));
        assert!(sources.check(new).is_ok());
        // Its connection ends at last; the lead stays where it is.
        sources.leave(old);
        let later = sources.join().unwrap().id();
        assert_eq!(sources.lead(later), Standing::Beside);
        sources.leave(new);
        assert_eq!(sources.lead(later), Standing::Leads);
    }

    #[test]
    fn there_is_a_limit_to_those_who_publish_at_once() {
        let mut sources = Sources::new(3);
        let all: Vec<_> = (0..3).map(|_| sources.join().unwrap()).collect();
        assert!(matches!(
            sources.join(),
            Err(IngestError::Busy { limit: 3 })
        ));
        sources.leave(all[0].id());
        assert!(sources.join().is_ok());
    }
}
