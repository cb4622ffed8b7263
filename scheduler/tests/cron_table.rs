//! Every row of `testdata/cron_dst.csv`; `testdata/README.md` says what its columns mean.
#![allow(clippy::unwrap_used, reason = "tests")]

use watchfire_model::Timestamp;
use watchfire_scheduler::Cadence;

#[test]
fn every_row_of_the_daylight_saving_table_holds() {
    let rows: Vec<Vec<String>> = include_str!("../testdata/cron_dst.csv").lines().skip(1).map(cells).collect();
    assert_eq!(rows.len(), 159);
    let wrong: Vec<String> = rows.iter().filter_map(|row| fault(row)).collect();
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the answers for one row: forwards, backwards and counted.
fn fault(row: &[String]) -> Option<String> {
    let [zone, pattern, after, expected] = &row[..4] else { panic!("a row has eight cells") };
    let cadence = Cadence::cron(pattern, zone.parse().unwrap()).unwrap();
    let after = Timestamp::parse(after).unwrap();
    let expected: Vec<Timestamp> =
        expected.split(';').filter(|cell| !cell.is_empty()).map(|cell| Timestamp::parse(cell).unwrap()).collect();

    // An empty cell says that there is no next run at all.
    let forwards: Vec<Timestamp> = cadence.slots_after(after).take(expected.len().max(1)).collect();
    let backwards: Vec<Timestamp> = expected
        .iter()
        .filter_map(|slot| cadence.newest_at_or_before(slot.plus(std::time::Duration::from_micros(1))))
        .collect();
    let counted = expected.last().map_or(0, |last| cadence.count(after, *last));
    (forwards != expected || backwards != expected || counted != expected.len() as u64).then(|| {
        format!(
            "{zone} `{pattern}` after {after}: {} expected {}, backwards {}, counted {counted}",
            shown(&forwards),
            shown(&expected),
            shown(&backwards)
        )
    })
}

fn shown(slots: &[Timestamp]) -> String {
    format!("{:?}", slots.iter().map(Timestamp::to_string).collect::<Vec<_>>())
}

/// Splits a line of comma-separated values; quotes keep commas and double themselves.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(character),
        }
    }
    cells
}
