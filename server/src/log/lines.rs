//! The format of events: always one line, of bounded length. Its text may come from a stranger, so control characters
//! are escaped and long values are cut.

#![expect(clippy::disallowed_methods, reason = "lines are sampled by the second")]

use std::fmt::{self, Debug, Write as _};
use std::sync::Arc;
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::sample::Sample;

/// The most bytes of a field.
const FIELD: usize = 200;
/// The most bytes of a field with an error.
const FAULT: usize = 1000;
const FAULTS: [&str; 7] = [
    "message", "error", "cause", "reason", "fault", "words", "panic",
];
/// Stands for the rest of a value.
const CUT: char = '…';

/// The format of a line, which also leaves out lines by the sample.
pub struct Lines {
    sample: Arc<Sample>,
    format: Format,
}

impl Lines {
    pub fn new(sample: Arc<Sample>) -> Self {
        Self {
            sample,
            format: Format::default().with_target(false),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.sample.admits(event.metadata(), Instant::now()) {
            self.format.format_event(context, writer, event)
        } else {
            Ok(())
        }
    }
}

/// The format of the fields of events and spans.
pub struct Bounded;

impl<'writer> FormatFields<'writer> for Bounded {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = Fields {
            writer,
            first: true,
            outcome: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.outcome
    }
}

struct Fields<'writer> {
    writer: Writer<'writer>,
    first: bool,
    outcome: fmt::Result,
}

impl Fields<'_> {
    fn write(&mut self, name: &str, value: &dyn Debug) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.writer.write_char(' ')?;
        }
        if name != "message" {
            write!(self.writer, "{name}=")?;
        }
        let left = if FAULTS.contains(&name) { FAULT } else { FIELD };
        let mut cut = Cut {
            writer: &mut self.writer,
            left,
        };
        // An error here means that the line is full.
        let _ = write!(cut, "{value:?}");
        Ok(())
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // The source location that the crate `log` adds.
        if self.outcome.is_ok() && !field.name().starts_with("log.") {
            self.outcome = self.write(field.name(), value);
        }
    }
}

/// Writes on one line until the line is full.
struct Cut<'a, 'writer> {
    writer: &'a mut Writer<'writer>,
    left: usize,
}

impl fmt::Write for Cut<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let length = character.len_utf8();
            if length > self.left {
                self.left = 0;
                self.writer.write_char(CUT)?;
                return Err(fmt::Error);
            }
            self.left -= length;
            if character.is_control() {
                write!(self.writer, "{}", character.escape_default())?;
            } else {
                self.writer.write_char(character)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::log::queue::{Line, Queue};

    /// Returns the output of `events`.
    fn logged(events: impl FnOnce()) -> String {
        let queue = Arc::new(Queue::default());
        let lines = Arc::clone(&queue);
        let subscriber = tracing_subscriber::fmt()
            .log_internal_errors(false)
            .with_ansi(false)
            .event_format(Lines::new(Arc::default()))
            .fmt_fields(Bounded)
            .with_writer(move || Line(Arc::clone(&lines)))
            .finish();
        tracing::subscriber::with_default(subscriber, events);
        String::from_utf8(queue.take(std::time::Duration::ZERO)).unwrap()
    }

    #[test]
    fn a_long_value_is_cut_in_any_position() {
        let long = "ü".repeat(50_000);
        let text = logged(|| {
            let span = tracing::info_span!("request", method = %long);
            span.in_scope(|| tracing::warn!(path = long, number = 7, "refused"));
            tracing::warn!(error = %long, "{long}");
        });
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].len() < 600, "{}", lines[0]);
        assert!(lines[0].contains("refused path=\"üü"), "{}", lines[0]);
        assert!(lines[0].ends_with("… number=7"), "{}", lines[0]);
        assert!(lines[1].len() < 2200, "{}", lines[1]);
    }

    #[test]
    fn a_line_stays_one_line() {
        let text = logged(
            || tracing::warn!(words = %"a\r\n2026 ERROR \u{1b}[31mred\u{85}", "said\n\u{7}"),
        );
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.ends_with("said\\n\\u{7} words=a\\r\\n2026 ERROR \\u{1b}[31mred\\u{85}\n"),
            "{text}"
        );
    }
}
