//! `docs/configuration.md` is made from the schema, so it says what the reader takes.
//! `UPDATE_EXPECTED=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use watchfire_config::json_schema;

const TOP: &str = "/$defs/definitions";
const ALERT: &str = "/$defs/definitions/properties/alerts/items";
const REPORT: &str = "/$defs/definitions/properties/reports/items";
const CHANNEL: &str = "/$defs/definitions/properties/channels/items/oneOf";
const SETTINGS: &str = "/$defs/settings";

/// A section: its heading, where its schema stands, and words that stand above its table.
struct Section {
    heading: &'static str,
    at: String,
    intro: &'static str,
}

fn section(heading: &'static str, at: &str, rest: &str, intro: &'static str) -> Section {
    Section { heading, at: format!("{at}{rest}"), intro }
}

fn sections() -> Vec<Section> {
    let entry = "/properties/notify/oneOf/0/items/oneOf/1";
    vec![
        section("# Files", TOP, "", "The top of every file. Keys that begin with `x-` may hold anchors."),
        section("# Channels", "", "", "Each type has keys of its own."),
        section("## webhook", CHANNEL, "/0", "What arrives: [webhook.md](webhook.md)."),
        section("## slack", CHANNEL, "/1", ""),
        section("## discord", CHANNEL, "/2", ""),
        section("## opsgenie, jsm", CHANNEL, "/3", ""),
        section("## email", CHANNEL, "/4", ""),
        section("### smtp", CHANNEL, "/4/properties/smtp", ""),
        section("# Alerts", ALERT, "", "What the fields do together: [rules.md](rules.md)."),
        section("## change", ALERT, "/properties/change", "For `notify_when: data_change`."),
        section("## message", ALERT, "/properties/message", "Of alerts and reports."),
        section("## notify of an alert", ALERT, entry, "A channel's name alone means all defaults."),
        section("# Reports", REPORT, "", "What the fields do together: [reports.md](reports.md)."),
        section("## notify of a report", REPORT, entry, "A channel's name alone means all defaults."),
        section(
            "## format",
            REPORT,
            "/properties/notify/oneOf/0/items/oneOf/1/properties/format",
            "Of alerts and reports.",
        ),
        section("### table", REPORT, "/properties/notify/oneOf/0/items/oneOf/1/properties/format/properties/table", ""),
        section("# Sources", TOP, "/properties/sources/items", "Tables, windows and SQL: [sources.md](sources.md)."),
        section("# Projects", TOP, "/properties/projects/items", "How to send and ask: [ingest.md](ingest.md)."),
        section("## tokens", TOP, "/properties/projects/items/properties/tokens/items", ""),
        section(
            "# Settings",
            SETTINGS,
            "",
            "`watchfire.yaml`, in the folder itself. Each setting may be given as `WATCHFIRE_SECTION_KEY` too, and then wins.",
        ),
        section("## server", SETTINGS, "/properties/server", ""),
        section("## storage", SETTINGS, "/properties/storage", ""),
        section("## telemetry", SETTINGS, "/properties/telemetry", ""),
        section("## delivery", SETTINGS, "/properties/delivery", ""),
        section("## limits", SETTINGS, "/properties/limits", ""),
    ]
}

/// Where mappings of the same kind stand that have one section for both.
fn canonical(pointer: &str) -> String {
    let message = pointer.replace(&format!("{REPORT}/properties/message"), &format!("{ALERT}/properties/message"));
    let entry = "/properties/notify/oneOf/0/items/oneOf/1/properties/format";
    message.replace(&format!("{ALERT}{entry}"), &format!("{REPORT}{entry}"))
}

fn page(schema: &Value) -> String {
    let mut page = "\
# Configuration

Every key of every file, made from the program's own schema (`watchfire schema` prints it for editors). Unknown keys are
errors; a key that is planned but has no effect yet is an error too.

A *duration* is `90s`, `5m`, `1h30m`, `1d` or `2w`. A *list* may be a single value. A *secret* is `${NAME}`, from the
environment (between `{…}` or `[…]` only in quotes), or `{file: path}`, from a file beside the one that names it; where it
stands in the file itself although it must not, that is an error.
"
    .to_owned();
    for section in sections() {
        writeln!(page, "\n#{}", section.heading).unwrap();
        let Some(object) = schema.pointer(&section.at).filter(|_| !section.at.is_empty()) else {
            writeln!(page, "\n{}", section.intro).unwrap();
            continue;
        };
        let is_item = !section.at.ends_with("/definitions") && !section.heading.starts_with("###");
        let doc = object["description"].as_str().filter(|_| is_item).unwrap_or_default();
        let intro = [doc.split("; default").next().unwrap(), section.intro].join(" ");
        if !intro.trim().is_empty() {
            writeln!(page, "\n{}", intro.trim()).unwrap();
        }
        table(&mut page, &section.at, object);
    }
    page
}

/// The table of a mapping's keys, and below it the keys that are refused.
fn table(page: &mut String, at: &str, object: &Value) {
    let (mut rows, mut refused) = (String::new(), Vec::new());
    let keys = object["properties"].as_object().unwrap();
    for (key, value) in keys.iter().filter(|(_, value)| value["deprecated"] != true) {
        let doc = value["description"].as_str().unwrap_or_default();
        if value["not"].is_object() {
            refused.push((key, doc));
            continue;
        }
        let (meaning, default) = match doc.rsplit_once("; default ") {
            Some((meaning, default)) => (format!("{meaning}."), default.trim_end_matches('.').to_owned()),
            None => (doc.to_owned(), if is_required(object, key) { "required".to_owned() } else { String::new() }),
        };
        let also: Vec<_> = keys
            .iter()
            .filter(|(_, other)| other["description"] == format!("Another word for `{key}`."))
            .map(|(alias, _)| format!(" Also `{alias}`."))
            .collect();
        let kind = kind(&format!("{at}/properties/{key}"), value);
        writeln!(rows, "| `{key}` | {kind} | {default} | {meaning}{} |", also.concat()).unwrap();
    }
    writeln!(page, "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n{}", rows.trim_end()).unwrap();
    for (sign, words) in [
        ("not supported yet", "Not supported yet"),
        ("Alerts only", "Only alerts have"),
        ("Reports only", "Only reports have"),
    ] {
        let names: Vec<_> =
            refused.iter().filter(|(_, doc)| doc.contains(sign)).map(|(key, _)| format!("`{key}`")).collect();
        if !names.is_empty() {
            writeln!(page, "\n{words}: {}.", names.join(", ")).unwrap();
        }
    }
}

fn is_required(object: &Value, key: &str) -> bool {
    let names = |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|name| name == key));
    let either = object["allOf"].as_array().into_iter().flatten();
    names(&object["required"]) || either.into_iter().any(|one| names(&one["oneOf"][0]["required"]))
}

/// What a value is, in a few words; mappings link to their sections.
fn kind(at: &str, value: &Value) -> String {
    let at = canonical(at);
    if let Some(section) = sections().into_iter().find(|section| section.at == at) {
        let name = section.heading.trim_start_matches(['#', ' ']);
        return format!("[{name}](#{})", name.to_lowercase().replace(' ', "-").replace(',', ""));
    }
    let word = |value: &Value| match value {
        Value::String(word) => format!("`{word}`"),
        other => format!("`{other}`"),
    };
    if !value["const"].is_null() {
        return word(&value["const"]);
    }
    if let Some(title) = value["title"].as_str() {
        return title.to_owned();
    }
    if let Some(words) = value["enum"].as_array() {
        return words.iter().map(word).collect::<Vec<_>>().join(", ");
    }
    if let Some(either) = value["oneOf"].as_array() {
        let of = |index: usize| kind(&format!("{at}/oneOf/{index}"), &either[index]);
        // A list stands beside its own item: a single value is a list of one.
        let all: Vec<_> = if either[0]["type"] == "array" { vec![of(0)] } else { (0..either.len()).map(of).collect() };
        return all.join(" or ");
    }
    if value["items"].is_object() {
        if at.starts_with(TOP) && at.matches("/properties/").count() == 1 {
            let name = at.rsplit('/').next().unwrap();
            return format!("list of [{name}](#{name})");
        }
        return format!("list of {}", kind(&format!("{at}/items"), &value["items"]));
    }
    if value["additionalProperties"].is_object() {
        return format!("names to {}", kind(&at, &value["additionalProperties"]));
    }
    match value["type"].as_str() {
        Some("boolean") => "`true`, `false`".to_owned(),
        other => panic!("{at} is {other:?} without a title"),
    }
}

#[test]
fn the_page_of_all_keys_is_what_the_schema_says() {
    let page = page(&json_schema());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/configuration.md is not what the schema says: run this test with UPDATE_EXPECTED=1");
}

#[test]
fn every_key_says_what_it_means_and_every_optional_one_what_its_absence_means() {
    let page = page(&json_schema());
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split(" | ").collect();
        assert_eq!(cells.len(), 4, "{line}");
        assert!(cells[3].trim_end_matches(" |").ends_with('.'), "{line}");
    }
    assert!(page.lines().all(|line| !line.ends_with(' ')));
}
