//! Line format: how an id and its value, an hmac or a result, are written.

use std::borrow::Cow;

use bstr::ByteSlice;
use clap::ValueEnum;
use serde::{Deserialize, Serializer};

use crate::pipeline::Fault;

/// Line format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The id, a tab, the hmac
    #[default]
    Tsv,
    /// An object with `id`, or `id_hex` where the id is not UTF-8, and `hmac`
    Json,
    /// The id and the hmac, quoted as in RFC 4180, without a header
    Csv,
}

/// Writes pairs, one on each line.
pub(crate) enum PairWriter {
    Tsv,
    /// With the name of the value.
    Json(&'static str),
    Csv(Box<csv_core::Writer>),
}

impl PairWriter {
    /// Makes a writer in `format`. `value_name` is what JSON calls the value.
    pub(crate) fn new(format: Format, value_name: &'static str) -> Self {
        match format {
            Format::Tsv => Self::Tsv,
            Format::Json => Self::Json(value_name),
            Format::Csv => Self::Csv(Box::default()),
        }
    }

    /// Appends the line of one pair to `out`. In formats other than JSON, the id must not hold a line
    /// end.
    pub(crate) fn write(&mut self, id: &[u8], value: &str, out: &mut Vec<u8>) {
        match self {
            Self::Tsv => {
                out.extend_from_slice(id);
                out.push(b'\t');
                out.extend_from_slice(value.as_bytes());
                out.push(b'\n');
            }
            Self::Json(value_name) => {
                let (id_name, id) = match str::from_utf8(id) {
                    Ok(text) => ("id", Cow::Borrowed(text)),
                    Err(_) => ("id_hex", Cow::Owned(hex::encode(id))),
                };
                #[expect(clippy::expect_used, reason = "a Vec takes any text as JSON")]
                serde_json::Serializer::new(&mut *out)
                    .collect_map([(id_name, &*id), (*value_name, value)])
                    .expect("text as JSON into memory");
                out.push(b'\n');
            }
            Self::Csv(writer) => {
                let start = out.len();
                // At most every byte of the id is a quote and doubled, inside two more.
                out.resize(start + 2 * id.len() + value.len() + 6, 0);
                let mut end = start;
                end += writer.field(id, &mut out[end..]).2;
                end += writer.delimiter(&mut out[end..]).1;
                end += writer.field(value.as_bytes(), &mut out[end..]).2;
                end += writer.terminator(&mut out[end..]).1;
                out.truncate(end);
            }
        }
    }
}

/// Reads the pair on a line.
pub(crate) enum PairReader {
    Tsv,
    Json,
    Csv {
        reader: Box<csv_core::Reader>,
        fields: Vec<u8>,
    },
}

/// A visitor id and a candidate hmac.
type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

impl PairReader {
    pub(crate) fn new(format: Format) -> Self {
        match format {
            Format::Tsv => Self::Tsv,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv {
                // A lone carriage return is part of an id here as everywhere.
                reader: Box::new(
                    csv_core::ReaderBuilder::new()
                        .terminator(csv_core::Terminator::Any(b'\n'))
                        .build(),
                ),
                fields: Vec::new(),
            },
        }
    }

    /// The id and the candidate hmac on `line`, without its line end.
    pub(crate) fn read<'a>(&'a mut self, line: &'a [u8]) -> Result<Pair<'a>, Fault> {
        match self {
            // An hmac holds no tab, an id may.
            Self::Tsv => line
                .rsplit_once_str("\t")
                .map(|(id, hmac)| (id.into(), hmac.into()))
                .ok_or(Fault::Not("an id, a tab and an hmac")),
            Self::Json => read_json(line).ok_or(Fault::Not(
                "a JSON object with the texts id (or id_hex) and hmac",
            )),
            Self::Csv { reader, fields } => {
                read_csv(reader, fields, line).ok_or(Fault::Not("a record of an id and an hmac"))
            }
        }
    }
}

fn read_json(line: &[u8]) -> Option<Pair<'_>> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        id: Option<Cow<'a, str>>,
        id_hex: Option<Cow<'a, str>>,
        hmac: Cow<'a, str>,
    }

    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let id = match (line.id, line.id_hex) {
        (Some(text), None) => into_bytes(text),
        // The decoder would skip a `0x`.
        (None, Some(digits)) if !digits.starts_with("0x") => hex::decode(&*digits).ok()?.into(),
        _ => return None,
    };
    Some((id, into_bytes(line.hmac)))
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => text.as_bytes().into(),
        Cow::Owned(text) => text.into_bytes().into(),
    }
}

fn read_csv<'a>(
    reader: &mut csv_core::Reader,
    fields: &'a mut Vec<u8>,
    line: &[u8],
) -> Option<Pair<'a>> {
    fields.resize(line.len() + 1, 0);
    let mut ends = [0; 4];
    reader.reset();
    // An empty field goes first: the reader would drop a byte order mark at the very start.
    let mut found = 0;
    let mut written = 0;
    for part in [b",", line, b""] {
        let (_, _, bytes, fields_ended) =
            reader.read_record(part, &mut fields[written..], &mut ends[found..]);
        written += bytes;
        found += fields_ended;
    }
    if found != 3 {
        return None;
    }
    let [_, id_end, hmac_end, _] = ends;
    Some((fields[..id_end].into(), fields[id_end..hmac_end].into()))
}
