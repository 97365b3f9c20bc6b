use signed_note::Note;
use tlog_tiles::tlog::Hash;

use super::PublicKey;
use super::note::Readers;

/// The longest a record may be, in entries: what JSON counts exactly, and far from what the arithmetic of trees can bear.
const LONGEST: u64 = 1 << 53;

/// A head of the record as it leaves the database: a C2SP signed note, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Which installation.
    pub instance: String,
    /// Which of its records.
    pub epoch: u64,
    /// How many entries.
    pub size: u64,
    /// The note as it is written, with all its signatures.
    pub note: String,
    pub(super) hash: Hash,
}

impl Checkpoint {
    /// Reads the note of a record of countersign, or says what is wrong with it. Its signatures are not checked.
    ///
    /// # Errors
    /// A text that is not written in the one form that there is for it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let note = Note::from_bytes(text.as_bytes()).map_err(|_malformed| "the head is no signed note")?;
        if note.to_bytes() != text.as_bytes() {
            return Err("the head is not written in its one form");
        }
        let read = tlog_tiles::checkpoint::Checkpoint::from_bytes(note.text())
            .map_err(|_malformed| "the signed note is no checkpoint")?;
        if read.to_bytes() != note.text() || !read.extension().is_empty() || read.size() > LONGEST {
            return Err("the checkpoint is not written in its one form");
        }
        let other = "the checkpoint is of another record";
        let name = read.origin().strip_prefix("countersign/").ok_or(other)?;
        let (instance, epoch) = name.split_once('/').ok_or(other)?;
        let number: u64 = epoch.parse().map_err(|_no_number| other)?;
        if number.to_string() != epoch || number > LONGEST {
            return Err(other);
        }
        Ok(Self {
            instance: instance.to_owned(),
            epoch: number,
            size: read.size(),
            note: text.to_owned(),
            hash: *read.hash(),
        })
    }

    /// The root of the tree, in base64 as the note has it.
    pub fn root(&self) -> String {
        self.hash.to_string()
    }

    /// What makes one newer than another.
    pub const fn age(&self) -> (u64, u64) {
        (self.epoch, self.size)
    }

    /// Whether one of these keys has signed it.
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        Readers::new(self.epoch, keys).is_some_and(|readers| readers.open(&self.note).is_ok())
    }
}

/// Finds the notes in a text line by line: notes one after the other with an empty line between, or JSON lines with a
/// `checkpoint`. What is neither, such as the half of a note that a crash left, is passed over.
#[derive(Debug, Default)]
pub struct NoteScanner {
    lines: Vec<String>,
    found: Vec<String>,
}

impl NoteScanner {
    /// Takes the next line, without its end.
    pub fn feed(&mut self, line: &str) {
        let line = line.trim_end_matches('\r');
        if line.starts_with('{') {
            self.complete();
            let json: Option<serde_json::Value> = serde_json::from_str(line).ok();
            let note = json.as_ref().and_then(|json| json.get("checkpoint")?.as_str());
            self.found.extend(note.map(str::to_owned));
            return;
        }
        // Origin, size and root; an empty line; the signatures.
        let fits = match self.lines.len() {
            0 => line.starts_with("countersign/"),
            1 | 2 => !line.is_empty(),
            3 => line.is_empty(),
            _ => line.starts_with("\u{2014} "),
        };
        if !fits || line.starts_with("countersign/") {
            self.complete();
        }
        if fits || line.starts_with("countersign/") {
            self.lines.push(line.to_owned());
        }
    }

    /// The notes that are complete, oldest first. Each comes out once.
    pub fn found(&mut self) -> Vec<String> {
        std::mem::take(&mut self.found)
    }

    /// All notes of a text.
    pub fn all(text: &str) -> Vec<String> {
        let mut scanner = Self::default();
        text.lines().for_each(|line| scanner.feed(line));
        scanner.complete();
        scanner.found()
    }

    /// Ends the note that was being read.
    pub fn complete(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if lines.len() > 4 {
            self.found.push(lines.join("\n") + "\n");
        }
    }
}
