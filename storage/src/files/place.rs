//! Where a file lies: `<table>/<project>/<day>/<first>-<last>-<random>.parquet`.

use std::fmt::Write;

use watchfire_ingest::table::Table;
use watchfire_model::ProjectName;

use super::days::Day;

const SUFFIX: &str = ".parquet";
/// Most bytes of a project's name in a path; file systems take 255.
const SEGMENT_BYTES_MAX: usize = 120;

/// A path that nobody had before and nobody will have again: `id` is random.
///
/// People read it; the program reads the footer.
pub(super) fn path(table: Table, project: &ProjectName, day: Day, sequences: (u64, u64), id: &str) -> String {
    let project = segment(project.as_str());
    let (first, last) = sequences;
    format!("{}/{project}/{day}/{first:012}-{last:012}-{id}{SUFFIX}", table.as_str())
}

/// Whether a path is one that this program may have made: other files in the folder are none of its business.
pub(super) fn is_ours(path: &str) -> bool {
    let table = path.split('/').next().and_then(Table::parse);
    table.is_some() && path.ends_with(SUFFIX) && path.split('/').count() == 4
}

/// A name as one safe segment of a path: two names never give the same one, unless both are very long.
fn segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => segment.push(char::from(byte)),
            // Writing into a string cannot fail.
            _ => drop(write!(segment, "_{byte:02x}")),
        }
    }
    segment.truncate(SEGMENT_BYTES_MAX);
    if segment.is_empty() { "_".to_owned() } else { segment }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_people_what_is_in_it() {
        let day = Day::of(1_795_000_000_000_000);
        let path = path(Table::Records, &ProjectName::new("default"), day, (7, 1234), "00ff-0");
        assert_eq!(path, "records/default/2026-11-18/000000000007-000000001234-00ff-0.parquet");
        assert!(is_ours(&path));
    }

    #[test]
    fn any_name_of_a_project_is_one_segment() {
        let cases = [("a/../b", "a_2f_2e_2e_2fb"), ("Ärger", "_c3_84rger"), ("", "_"), ("_", "_5f"), ("a b", "a_20b")];
        for (name, expected) in cases {
            assert_eq!(segment(name), expected);
        }
        assert!(segment(&"x".repeat(5_000)).len() <= SEGMENT_BYTES_MAX);
    }

    #[test]
    fn files_of_others_are_not_ours() {
        for path in ["notes.txt", "records/x.parquet", "elsewhere/p/d/f.parquet", "records/p/d/f.parquet.damaged"] {
            assert!(!is_ours(path), "{path}");
        }
    }
}
