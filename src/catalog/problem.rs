use std::fmt;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file's name as it was given.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.sentence),
            None => write!(f, "{}: {}", self.file, self.sentence),
        }
    }
}

/// Collects the problems of one file.
pub(super) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a str, text: &'a str, problems: &'a mut Vec<Problem>) -> Self {
        Self { file, text, problems }
    }

    /// How many problems there are so far, other files' included.
    pub(super) fn count(&self) -> usize {
        self.problems.len()
    }

    /// A problem at a line.
    pub(super) fn at(&mut self, line: Option<usize>, sentence: impl Into<String>) {
        self.problems.push(Problem { file: self.file.to_owned(), line, sentence: sentence.into() });
    }

    /// A problem at the first line that holds `needle`: keys, names and expressions stand in the file as they are.
    pub(super) fn near(&mut self, needle: &str, sentence: impl Into<String>) {
        let first = needle.lines().next().unwrap_or_default();
        let line =
            (!first.is_empty()).then(|| self.text.lines().position(|line| line.contains(first))).flatten();
        self.at(line.map(|index| index + 1), sentence);
    }
}
