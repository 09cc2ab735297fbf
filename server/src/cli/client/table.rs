//! Tables for people: aligned by the width of characters on a terminal, one line a row whatever the data holds, and on a terminal
//! no wider than it is.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two columns.
const GAP: &str = "  ";
/// The narrowest that a column becomes, if it was wider.
const NARROWEST: usize = 8;

/// A column of a table, or a line of a record.
#[derive(Clone, Copy)]
pub struct Column {
    pub title: &'static str,
    cell: Cell,
    /// Whether it may be cut: an id is of no use without its end.
    cuttable: bool,
}

#[derive(Clone, Copy)]
enum Cell {
    Member(&'static str),
    /// A member that is an instant, to the second.
    Instant(&'static str),
    Of(fn(&Value) -> String),
}

impl Column {
    /// A member that identifies something.
    pub const fn id(title: &'static str, member: &'static str) -> Self {
        Self {
            title,
            cell: Cell::Member(member),
            cuttable: false,
        }
    }

    pub const fn text(title: &'static str, member: &'static str) -> Self {
        Self {
            title,
            cell: Cell::Member(member),
            cuttable: true,
        }
    }

    pub const fn instant(title: &'static str, member: &'static str) -> Self {
        Self {
            title,
            cell: Cell::Instant(member),
            cuttable: false,
        }
    }

    pub const fn of(title: &'static str, cell: fn(&Value) -> String) -> Self {
        Self {
            title,
            cell: Cell::Of(cell),
            cuttable: true,
        }
    }

    fn read(self, record: &Value) -> String {
        let text = match self.cell {
            Cell::Member(member) => shown(&record[member]),
            Cell::Instant(member) => to_the_second(&shown(&record[member])),
            Cell::Of(cell) => cell(record),
        };
        on_one_line(&text)
    }
}

/// A table that is printed in pieces, whose columns only become wider.
pub struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    /// Characters of the terminal; none elsewhere.
    screen: Option<usize>,
}

impl Table {
    pub fn new(columns: &'static [Column], screen: Option<usize>) -> Self {
        Self {
            columns,
            widths: columns.iter().map(|column| column.title.width()).collect(),
            screen,
        }
    }

    /// Returns the line of titles, fit for the rows that [`Self::rows`] has returned.
    pub fn titles(&self) -> String {
        let titles: Vec<_> = self
            .columns
            .iter()
            .map(|column| column.title.to_owned())
            .collect();
        self.line(&titles)
    }

    /// Returns a line for each record.
    pub fn rows(&mut self, records: &[Value]) -> String {
        let rows: Vec<Vec<String>> = records
            .iter()
            .map(|record| {
                let cells = self.columns.iter().map(|column| column.read(record));
                cells.collect()
            })
            .collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(self.fitting()) {
            let cell = cut(cell, width);
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
            line.push_str(GAP);
        }
        let line = line.trim_end();
        self.screen
            .map_or_else(|| line.to_owned() + "\n", |screen| cut(line, screen) + "\n")
    }

    /// Returns the widths with which a line fits the terminal: the widest columns that may be cut give way first.
    fn fitting(&self) -> Vec<usize> {
        let mut widths = self.widths.clone();
        let Some(screen) = self.screen else {
            return widths;
        };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > screen {
            let cuttable = widths.iter_mut().zip(self.columns);
            let cuttable =
                cuttable.filter(|(width, column)| column.cuttable && **width > NARROWEST);
            match cuttable.max_by_key(|(width, _)| **width) {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
        widths
    }
}

/// Returns a record, a line for each member.
pub fn record(lines: &[Column], record: &Value) -> String {
    let titles = lines.iter().map(|line| line.title.width());
    let width = titles.max().unwrap_or_default();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| format!("{:width$}{GAP}{}\n", line.title, line.read(record)))
        .collect();
    lines.concat()
}

/// Returns a member as people read it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Drops the milliseconds of an instant in RFC 3339.
fn to_the_second(text: &str) -> String {
    match text.split_once('.') {
        Some((start, fraction)) if fraction.ends_with('Z') => format!("{start}Z"),
        _ => text.to_owned(),
    }
}

/// Escapes what would leave the line or rearrange it: control characters, line separators, and the formatting characters of
/// bidirectional text.
pub fn on_one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let moves = matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        if character.is_control() || moves {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Cuts a text to a width.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or_default();
        if used + 1 > width {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::id("id", "id"),
        Column::text("name", "name"),
        Column::instant("expires", "expires_at"),
    ];

    fn records() -> Vec<Value> {
        vec![
            json!({"id": "kh_1", "name": "Größe", "expires_at": "2026-12-01T00:00:00.000Z"}),
            json!({"id": "kh_22", "name": "鍵鍵鍵鍵鍵鍵鍵鍵", "expires_at": null}),
            json!({"id": "kh_3", "name": "a\u{1b}[31m\nb\u{202e}c\u{9b}\u{2028}", "expires_at": "x"}),
        ]
    }

    #[test]
    fn columns_are_aligned_by_width() {
        let mut table = Table::new(COLUMNS, None);
        let rows = table.rows(&records()[..2]);
        assert_eq!(
            table.titles() + &rows,
            "id     name              expires\n\
             kh_1   Größe             2026-12-01T00:00:00Z\n\
             kh_22  鍵鍵鍵鍵鍵鍵鍵鍵  -\n"
        );
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let mut table = Table::new(COLUMNS, None);
        let rows = table.rows(&records()[2..]);
        assert_eq!(
            rows,
            "kh_3  a\\u{1b}[31m\\nb\\u{202e}c\\u{9b}\\u{2028}  x\n"
        );
        let text = record(COLUMNS, &records()[2]);
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn a_table_fits_the_terminal() {
        for screen in [1, 5, 20, 30, 40, 60] {
            let mut table = Table::new(COLUMNS, Some(screen));
            let rows = table.rows(&records());
            for line in (table.titles() + &rows).lines() {
                assert!(line.width() <= screen, "{screen}: {line}");
            }
        }
        let mut table = Table::new(COLUMNS, Some(40));
        let rows = table.rows(&records()[..2]);
        assert!(rows.contains("kh_22  鍵鍵鍵鍵鍵…  -\n"), "{rows}");
    }

    #[test]
    fn members_are_shown_as_people_read_them() {
        for (value, expected) in [
            (json!(null), "-"),
            (json!([]), "-"),
            (json!(""), "-"),
            (json!(["a", "b"]), "a, b"),
            (json!({"plan": "pro"}), r#"{"plan":"pro"}"#),
            (json!(3), "3"),
        ] {
            assert_eq!(shown(&value), expected);
        }
    }
}
