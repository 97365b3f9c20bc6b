//! A process that is killed in the middle of writing leaves a sound record, with all that it said was written.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::{Fresh, place, received};

/// How often it is killed.
const KILLS: u64 = 12;

/// The process that is killed: writes on and on, and says after each step how far it is. What it writes to comes in by its
/// standard input; without that there is nothing to do.
#[tokio::test]
#[ignore = "it is run by the test beside it, to be killed"]
async fn the_one_that_is_killed() {
    let mut dir = String::new();
    std::io::stdin().read_line(&mut dir).unwrap();
    let dir = std::path::Path::new(dir.trim());
    if dir.as_os_str().is_empty() {
        return;
    }
    let ledger = super::open(dir).await.unwrap();
    for number in 0u16.. {
        let step = crate::audit::Step {
            guard: crate::store::Guard::Open,
            rows: vec![],
            entries: vec![received(number), received(number)],
        };
        let written = ledger.write(step).await.unwrap().unwrap();
        println!("written {}", written.seqs.end);
    }
}

#[tokio::test]
async fn a_process_killed_in_the_middle_of_an_append_leaves_a_sound_record() {
    let Some(place) = place().await else { return };
    let mut place = Some(place);
    let child = format!("{}::the_one_that_is_killed", module_path!().split_once("::").unwrap().1);
    for kill in 0..KILLS {
        let here = place.take().unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", &child])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(process.stdin.take().unwrap(), "{}", here.path().display()).unwrap();
        let (mut said, mut steps) = (0u64, 0);
        // So many steps later each time, and as long into the next one as the kill takes.
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let Some((_, size)) = line.split_once("written ") else { continue };
            said = size.parse().unwrap();
            steps += 1;
            if steps == 3 + kill {
                break;
            }
        }
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(said > 0, "it wrote nothing");
        let fresh = Fresh::at(here).await;
        let sound = fresh.sound(&[]).await;
        assert!(sound.size >= said, "it said {said} were written, and there are {}", sound.size);
        assert_eq!(sound.size % 2, 1, "a step is written as a whole or not at all");
        fresh.ledger.store().close().await;
        place = Some(fresh.place);
    }
}
