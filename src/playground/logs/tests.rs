use super::*;

fn log(dir: &tempfile::TempDir) -> Log {
    Log::new(dir.path(), &Target { service: "checkout".to_owned(), environment: "staging".to_owned() })
}

fn line(second: i64, text: &str) -> LogLine {
    LogLine {
        time: Timestamp::from_second(second).unwrap(),
        instance: "checkout-staging-1".to_owned(),
        level: Level::Info,
        text: text.to_owned(),
    }
}

fn query(since: i64, filter: &str, limit: usize) -> LogQuery {
    LogQuery { since: Timestamp::from_second(since).unwrap(), filter: filter.to_owned(), limit }
}

fn texts(found: &LogsFound) -> Vec<&str> {
    found.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn the_newest_lines_that_match_are_found_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(&dir);
    for (second, text) in [(10, "Timeout a"), (30, "TIMEOUT c"), (20, "timeout b"), (40, "fine")] {
        log.write(&line(second, text));
    }
    let found = log.find(&query(0, "timeOut", 2)).unwrap();
    assert_eq!(texts(&found), ["timeout b", "TIMEOUT c"]);
    assert_eq!((found.matched, found.truncated), (3, true));
    let found = log.find(&query(30, "", 10)).unwrap();
    assert_eq!(texts(&found), ["TIMEOUT c", "fine"]);
    assert!(!found.truncated);
}

#[test]
fn a_log_that_nobody_wrote_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(log(&dir).find(&query(0, "", 10)).unwrap().matched, 0);
}

#[test]
fn another_process_reads_what_was_written_and_passes_over_a_torn_line() {
    let dir = tempfile::tempdir().unwrap();
    log(&dir).write(&line(1, "before"));
    let path = dir.path().join("logs/checkout-staging.jsonl");
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"time\":\n").unwrap();
    let again = log(&dir);
    again.write(&line(2, "after"));
    assert_eq!(texts(&again.find(&query(0, "", 10)).unwrap()), ["before", "after"]);
}

#[test]
fn the_files_stay_bounded_and_keep_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(&dir);
    let long = "x".repeat(64 * 1024);
    for second in 0..40 {
        log.write(&line(second, &long));
    }
    let bytes: u64 = fs::read_dir(dir.path().join("logs"))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 3 * FILE_BYTES, "{bytes}");
    let found = log.find(&query(0, "", 1)).unwrap();
    assert_eq!(found.lines[0].time.as_second(), 39);
    assert!(found.matched >= 8);
}
