//! Spans of time as people say them: `23 m`, `1 h 5 m`, `12 d`, `1.8 s`.

const UNITS: [(&str, u64); 4] = [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)];

/// A span in microseconds, in its two largest units; what is smaller is cut, never rounded up.
pub fn duration_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    match size {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{sign}{size} µs"),
        1_000..1_000_000 => format!("{sign}{} ms", size / 1_000),
        1_000_000..10_000_000 if size % 1_000_000 >= 100_000 => {
            format!("{sign}{}.{} s", size / 1_000_000, size % 1_000_000 / 100_000)
        }
        _ => format!("{sign}{}", two_units(size)),
    }
}

fn two_units(size: u64) -> String {
    let largest = UNITS.iter().position(|(_, unit)| size >= *unit).expect("at least a second");
    let (name, unit) = UNITS[largest];
    let first = format!("{} {name}", crate::message::number_text::grouped(&(size / unit).to_string()));
    match UNITS.get(largest + 1) {
        Some((name, smaller)) if size % unit >= *smaller => format!("{first} {} {name}", size % unit / smaller),
        Some(_) | None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        for (micros, text) in [
            (0, "0 s"),
            (12, "12 µs"),
            (350_000, "350 ms"),
            (1_850_000, "1.8 s"),
            (5_000_000, "5 s"),
            (45_900_000, "45 s"),
            (1_380_000_000, "23 m"),
            (3_900_000_000, "1 h 5 m"),
            (3_605_000_000, "1 h"),
            (1_036_800_000_000, "12 d"),
            (-90_000_000, "-1 m 30 s"),
            (i64::MIN, "-106,751,991 d 4 h"),
        ] {
            assert_eq!(duration_text(micros), text);
        }
    }
}
