//! What a step leaves to be done behind its lock (law 9).

use crate::calendar::Alarm;
use crate::desk::Desk;
use crate::rendition::Past;
use crate::wait::Announcement;

/// Wake-ups and values to be freed: code of others, wakers and what hangs on versions, which no lock
/// may be held for. Dropping it does all of it, so what a panic cuts short is not lost either.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    /// Most steps make one version, and a publication need not allocate for it.
    first: Option<Announcement>,
    more: Vec<Announcement>,
    alarm: Option<Alarm>,
    desks: Vec<Desk>,
    past: Vec<Past>,
}

impl Aftermath {
    pub(crate) fn announce(&mut self, announcement: Option<Announcement>) {
        let Some(announcement) = announcement else {
            return;
        };
        match self.first {
            None => self.first = Some(announcement),
            Some(_) => self.more.push(announcement),
        }
    }

    /// The housekeeper is to be woken.
    pub(crate) fn ring(&mut self, alarm: Option<Alarm>) {
        // One wake-up does for all: the housekeeper looks at the whole calendar.
        self.alarm = self.alarm.take().or(alarm);
    }

    /// Who publishes this rendition will not be asked for any more.
    pub(crate) fn free_desk(&mut self, desk: Desk) {
        self.desks.push(desk);
    }

    /// What nothing is looked up in any more.
    pub(crate) fn free_past(&mut self, past: Past) {
        self.past.push(past);
    }

    /// Takes over what `other` has to do.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.announce(other.first.take());
        self.more.append(&mut other.more);
        self.ring(other.alarm.take());
        self.desks.append(&mut other.desks);
        self.past.append(&mut other.past);
    }
}
