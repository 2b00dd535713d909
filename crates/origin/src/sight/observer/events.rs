//! What happened to a stream: read from what its counters say more than at the last look.

use std::collections::{BTreeMap, VecDeque};
use std::time::SystemTime;

use llhls::registry::{PresentationInfo, PublishStats, RenditionInfo, StreamName};

/// Events of one stream that are remembered.
const KEPT: usize = 32;

/// What they take, in bytes.
pub(super) const BYTES: usize = KEPT * (size_of::<Event>() + 64);

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// When it was seen: up to two seconds later than it was.
    pub(crate) at: SystemTime,
    pub(crate) rendition: StreamName,
    pub(crate) kind: &'static str,
    /// In plain words, for people.
    pub(crate) text: String,
}

/// The last events of one stream.
#[derive(Debug, Default)]
pub(crate) struct Events {
    last: VecDeque<Event>,
    seen: BTreeMap<StreamName, Seen>,
}

/// A rendition at the last look.
#[derive(Debug)]
struct Seen {
    stats: PublishStats,
    codec: String,
}

impl Events {
    /// The last ones, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.last.iter().rev()
    }

    /// Compares with the last look.
    pub(super) fn look(&mut self, stream: &PresentationInfo) {
        for rendition in &stream.renditions {
            let name = &rendition.name;
            let seen = Seen {
                stats: rendition.stats.publish,
                codec: rendition.media.codec().to_owned(),
            };
            let happened = match self.seen.insert(name.clone(), seen) {
                Some(before) => changes(&before, rendition),
                None => vec![("began", format!("began, {}", rendition.media.codec()))],
            };
            for (kind, text) in happened {
                if self.last.len() >= KEPT {
                    self.last.pop_front();
                }
                self.last.push_back(Event {
                    at: SystemTime::now(),
                    rendition: name.clone(),
                    kind,
                    text,
                });
            }
        }
    }
}

/// What the counters of a rendition have more.
fn changes(before: &Seen, rendition: &RenditionInfo) -> Vec<(&'static str, String)> {
    let (old, new) = (&before.stats, &rendition.stats.publish);
    // One that ended and began anew counts from zero.
    if new.parts < old.parts {
        let codec = rendition.media.codec();
        return vec![("began", format!("began anew after its end, {codec}"))];
    }
    let mut happened = Vec::new();
    let mut more = |kind, count: fn(&PublishStats) -> u64, text: &dyn Fn(u64) -> String| {
        let more = count(new).saturating_sub(count(old));
        if more > 0 {
            happened.push((kind, text(more)));
        }
    };
    more("lost", |it| it.vanished, &|_| {
        "the encoder left without ending the stream".to_owned()
    });
    more("resumed", |it| it.resumed, &|_| {
        "an encoder came back and went on".to_owned()
    });
    more("discontinuity", |it| it.discontinuities, &|count| {
        let of = plural(count, "discontinuity", "discontinuities");
        format!("{of}: the encoder's clock or settings changed, or media was lost")
    });
    more("gap", |it| it.gap_parts, &|count| {
        format!("{} listed as missing", plural(count, "part", "parts"))
    });
    more("refused", PublishStats::refused, &|count| {
        format!(
            "{} refused; the log says why",
            plural(count, "part", "parts")
        )
    });
    more("early_release", |it| it.retention_cut_short, &|count| {
        let of = plural(count, "segment", "segments");
        format!("{of} dropped before their time: memory.per_rendition is too small")
    });
    if before.codec != rendition.media.codec() {
        let text = format!(
            "codec changed from {} to {}",
            before.codec,
            rendition.media.codec()
        );
        happened.push(("codec", text));
    }
    if new.ended > old.ended {
        happened.push(("ended", "ended".to_owned()));
    }
    happened
}

fn plural(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("one {one}"),
        count => format!("{count} {many}"),
    }
}
