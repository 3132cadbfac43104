use std::fmt;

/// Bytes of one row unless said otherwise: what is longer is no row of figures.
const ROW_BYTES: usize = 64 << 10;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Takes a delimited text in pieces and gives its rows back, as RFC 4180 has them. A row that
/// cannot be read costs one line of the text and not the rest of it: when a quote is not closed,
/// or the row it would make has not the header's columns, reading goes on at the next line.
#[derive(Debug)]
pub struct Splitter {
    /// Bytes of one row.
    longest: usize,
    /// What was fed and not yet taken.
    text: Vec<u8>,
    at: usize,
    /// The number of the line at `at`, less one.
    lines: u64,
    ended: bool,
    /// In the middle of a row that is too long.
    skipping: bool,
    delimiter: u8,
    columns: Option<usize>,
    row: Fields,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The number of its first line in the text, from 1.
    pub line: u64,
    fields: &'a Fields,
}

/// What a splitter found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A row: ask for it.
    Row,
    /// A line that is no row.
    Malformed(Malformed),
    /// Nothing whole: feed it, or say that this was all.
    Nothing,
    /// All rows were given.
    End,
}

/// Why a line is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It has another number of columns than the header.
    Columns {
        /// The header's.
        expected: usize,
        /// The line's.
        found: usize,
    },
    /// A quote is not closed, or something stands between a closing quote and the delimiter.
    Quotes,
    /// It has more bytes than a row may have.
    TooLong,
    /// It is not UTF-8.
    Encoding,
}

/// The fields of a row, one delimiter between them.
#[derive(Debug, Default)]
struct Fields {
    line: u64,
    text: String,
    ends: Vec<usize>,
}

/// How far a row goes.
struct Extent {
    bytes: usize,
    lines: u64,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::of_rows(ROW_BYTES)
    }
}

impl Splitter {
    /// One whose rows have fewer bytes than so many.
    #[must_use]
    pub fn of_rows(longest: usize) -> Self {
        Self {
            longest,
            text: vec![],
            at: 0,
            lines: 0,
            ended: false,
            skipping: false,
            delimiter: 0,
            columns: None,
            row: Fields::default(),
        }
    }

    /// Takes the next piece of the text.
    pub fn feed(&mut self, piece: &[u8]) {
        self.text.drain(..self.at);
        self.at = 0;
        self.text.extend_from_slice(piece);
    }

    /// Says that there are no more pieces.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Looks for the next row. The first is the header: it decides on delimiter and columns.
    pub fn advance(&mut self) -> Found {
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return if self.ended { Found::End } else { Found::Nothing };
            }
            let end = rest.iter().take(self.longest).position(|byte| *byte == b'\n');
            let Some(end) =
                end.or_else(|| (self.ended && rest.len() < self.longest).then_some(rest.len()))
            else {
                if rest.len() < self.longest {
                    return Found::Nothing;
                }
                self.at += self.longest;
                if !std::mem::replace(&mut self.skipping, true) {
                    return self.malformed(self.lines + 1, Malformed::TooLong);
                }
                continue;
            };
            let whole = end + usize::from(end < rest.len());
            if std::mem::take(&mut self.skipping) {
                self.take(Extent { bytes: whole, lines: 1 });
                continue;
            }
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            if line.iter().all(u8::is_ascii_whitespace) {
                self.take(Extent { bytes: whole, lines: 1 });
                continue;
            }
            if self.columns.is_none() {
                self.delimiter = likely_delimiter(line);
            }
            let first = Extent { bytes: whole, lines: 1 };
            let read = if line.contains(&b'"') {
                let cut = &rest[..rest.len().min(self.longest)];
                let may_go_on = !self.ended && cut.len() < self.longest;
                self.row.quoted(cut, self.delimiter, self.ended, may_go_on)
            } else {
                self.row.plain(line, self.delimiter).map(|()| Some(first))
            };
            match read {
                Ok(None) => return Found::Nothing,
                Ok(Some(extent)) => return self.judge(extent, whole),
                Err(fault) => {
                    let line = self.lines + 1;
                    self.take(Extent { bytes: whole, lines: 1 });
                    return self.malformed(line, fault);
                }
            }
        }
    }

    /// The row that was found last.
    #[must_use]
    pub fn row(&self) -> Row<'_> {
        Row { line: self.row.line, fields: &self.row }
    }

    /// The number of the line of what was found last, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.row.line
    }

    fn judge(&mut self, extent: Extent, first_line: usize) -> Found {
        let found = self.row.ends.len();
        let expected = *self.columns.get_or_insert(found);
        let line = self.lines + 1;
        if found == expected {
            self.row.line = line;
            self.take(extent);
            return Found::Row;
        }
        self.take(Extent { bytes: first_line, lines: 1 });
        self.malformed(line, Malformed::Columns { expected, found })
    }

    fn malformed(&mut self, line: u64, fault: Malformed) -> Found {
        self.row.line = line;
        Found::Malformed(fault)
    }

    fn take(&mut self, extent: Extent) {
        self.at += extent.bytes;
        self.lines += extent.lines;
    }
}

impl<'a> Row<'a> {
    /// A field by its position.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&'a str> {
        let end = *self.fields.ends.get(position)?;
        let start = match position {
            0 => 0,
            _ => self.fields.ends[position - 1] + 1,
        };
        self.fields.text.get(start..end)
    }

    /// All fields.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.fields.ends.len()).filter_map(move |position| self.get(position))
    }
}

impl Fields {
    fn plain(&mut self, line: &[u8], delimiter: u8) -> Result<(), Malformed> {
        let text = std::str::from_utf8(line).map_err(|_invalid| Malformed::Encoding)?;
        self.text.clear();
        self.text.push_str(text);
        self.ends.clear();
        let delimiters = line.iter().enumerate().filter(|(_, byte)| **byte == delimiter);
        self.ends.extend(delimiters.map(|(position, _)| position));
        self.ends.push(line.len());
        Ok(())
    }

    /// Reads a row that has quotes; `None` when it may go on in what was not fed yet.
    fn quoted(
        &mut self,
        rest: &[u8],
        delimiter: u8,
        ended: bool,
        may_go_on: bool,
    ) -> Result<Option<Extent>, Malformed> {
        let unclosed = || if may_go_on { Ok(None) } else { Err(Malformed::Quotes) };
        let mut text = Vec::with_capacity(256);
        self.ends.clear();
        let mut at = 0;
        loop {
            if rest.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    let Some(length) = rest[at..].iter().position(|byte| *byte == b'"') else {
                        return unclosed();
                    };
                    text.extend_from_slice(&rest[at..at + length]);
                    at += length + 1;
                    if rest.get(at) != Some(&b'"') {
                        break;
                    }
                    text.push(b'"');
                    at += 1;
                }
            } else {
                let ends = |byte: &u8| *byte == delimiter || *byte == b'\n';
                let length = rest[at..].iter().position(ends).unwrap_or(rest.len() - at);
                let field = &rest[at..at + length];
                let last = rest.get(at + length) != Some(&delimiter);
                text.extend_from_slice(field.strip_suffix(b"\r").filter(|_| last).unwrap_or(field));
                at += length;
            }
            self.ends.push(text.len());
            match &rest[at..] {
                [] | [b'\r'] if !ended => return unclosed(),
                [] | [b'\r'] => break,
                [b'\n', ..] => {
                    at += 1;
                    break;
                }
                [b'\r', b'\n', ..] => {
                    at += 2;
                    break;
                }
                [byte, ..] if *byte == delimiter => {
                    text.push(delimiter);
                    at += 1;
                }
                _ => return Err(Malformed::Quotes),
            }
        }
        self.text = String::from_utf8(text).map_err(|_invalid| Malformed::Encoding)?;
        let breaks = rest[..at].iter().filter(|byte| **byte == b'\n').count();
        let lines = u64::try_from(breaks.max(1)).unwrap_or(u64::MAX);
        Ok(Some(Extent { bytes: at, lines }))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns { expected, found } => {
                write!(f, "the line has {found} columns, the header has {expected}")
            }
            Self::Quotes => f.write_str(
                "a quote is not closed, or is followed by more than a delimiter; write it twice",
            ),
            Self::TooLong => f.write_str("the line has more bytes than a row may have"),
            Self::Encoding => f.write_str("the line is not UTF-8; save the file as UTF-8"),
        }
    }
}

/// The one that the header has most of.
fn likely_delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: &u8| header.iter().filter(|byte| *byte == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests;
