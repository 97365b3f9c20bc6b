//! Flat records as lines of CSV, for spreadsheets. See <https://www.rfc-editor.org/rfc/rfc4180>.

use super::FlatRecord;

impl FlatRecord {
    /// The first line, with its end.
    pub const CSV_HEAD: &str = "timestamp,user,command,approved_by,result,duration_seconds,channel\r\n";

    /// The line of the record, with its end.
    pub fn to_csv(&self) -> String {
        let took = self.duration_seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
        let cells = [
            &self.timestamp,
            &self.user,
            &self.command,
            &self.approved_by.join(" "),
            &self.result,
            &took,
            &self.channel,
        ];
        cells.map(|cell| quoted(cell)).join(",") + "\r\n"
    }
}

/// A cell by RFC 4180. One that a spreadsheet would take for a formula gets an apostrophe before it.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains(['"', ',', '\r', '\n']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_stay_cells() {
        let cells = ["plain", "a,b", "say \"hi\"", "two\nlines", "=1+1", "@cmd", ""];
        insta::assert_snapshot!(cells.map(quoted).join(" | "), @r#"
        plain | "a,b" | "say ""hi""" | "two
        lines" | "'=1+1" | "'@cmd" |
        "#);
    }
}
