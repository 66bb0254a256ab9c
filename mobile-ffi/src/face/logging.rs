//! The log, as lines for the host. Whoever reads it never holds up the work: lines wait in a short queue, and where it is
//! full they are left out.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use sync_core::limits::LOG_LINES_WAITING_MAX;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::failure::HostFailure;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LogLine {
    /// `error`, `warn`, `info`.
    pub level: String,
    /// Which part of the library.
    pub target: String,
    /// What, with its fields. Never personal data.
    pub message: String,
}

/// Where the log goes.
///
/// Called on one thread of its own, line after line. What it throws is passed over. One sink serves the whole process: that of
/// the first store that was opened with one.
#[uniffi::export(with_foreign)]
pub trait LogSink: Send + Sync {
    /// Takes a line.
    fn log(&self, line: LogLine) -> Result<(), HostFailure>;
}

/// Begins to hand lines to a sink, if nobody reads them yet.
pub(super) fn begin(sink: Arc<dyn LogSink>) {
    let (lines, waiting) = sync_channel::<LogLine>(LOG_LINES_WAITING_MAX);
    if tracing::subscriber::set_global_default(Lines(lines)).is_err() {
        return;
    }
    let reader = std::thread::Builder::new().name("fieldseal-log".to_owned());
    let begun = reader.spawn(move || {
        for line in waiting {
            // A sink that fails has nobody to tell.
            let _ = sink.log(line);
        }
    });
    // Without a thread the queue fills and lines are left out.
    drop(begun);
}

struct Lines(SyncSender<LogLine>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = ["mobile_ffi", "sync_core"];
        metadata.is_event()
            && *metadata.level() <= Level::INFO
            && ours.iter().any(|it| metadata.target().starts_with(it))
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        // Full: the line is left out.
        let _ = self.0.try_send(LogLine {
            level: metadata.level().as_str().to_lowercase(),
            target: metadata.target().to_owned(),
            message: format!("{}{}", text.message, text.fields),
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
