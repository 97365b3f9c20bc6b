use super::*;

#[test]
fn the_pause_doubles_up_to_its_limit() {
    let timing = Timing::default();
    let seconds: Vec<u64> = [1, 2, 3, 4, 5, 90].map(|deaths| pause_after(deaths, &timing).as_secs()).to_vec();
    assert_eq!(seconds, [3, 6, 12, 24, 30, 30]);
}

#[test]
fn the_end_of_a_process_is_told_in_words() {
    assert_eq!(describe(ExitStatus::from_raw(9)), "killed by signal 9");
    assert_eq!(describe(ExitStatus::from_raw(3 << 8)), "exit code 3");
}
