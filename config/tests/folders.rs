//! Whole folders: what valid files mean, over several files.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use watchfire_alerts::{FirstRun, Hold, Missing, Mode, NoData, OnError, Patience, Repeat, SeveritySource, Tolerance};
use watchfire_channels::Target;
use watchfire_config::{LoadError, Loaded, ProblemSeverity, RuleDefinition, load};
use watchfire_model::{ChangeKind, Keep, Severity, SourceFormat, SourceKind};
use watchfire_scheduler::{Cadence, CatchUp, WindowSpec};

const CHANNELS: &str =
    "version: 1\nchannels:\n  - {name: hook, type: webhook, url: \"${URL:-https://example.com/h}\"}\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn loaded(files: &[(&str, &str)]) -> Loaded {
    load(folder(files).path(), &|name| (name == "SECRET").then(|| format!("whsec_{}", "A".repeat(32)))).unwrap()
}

/// Loads one rule and expects no error in it.
fn rule(body: &str) -> RuleDefinition {
    let text = format!("version: 1\nalerts:\n  - name: a\n    notify: hook\n{body}");
    let loaded = loaded(&[("channels.yaml", CHANNELS), ("rules.yaml", &text)]);
    let rendered: String = loaded.problems.iter().map(|problem| loaded.render(problem)).collect();
    assert!(!loaded.has_errors(), "{rendered}");
    loaded.definitions.rules[0].clone()
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_bare_rule_gets_the_defaults_of_a_row_match() {
    let RuleDefinition { rule, schedule, query, enabled, .. } = rule("    query: SELECT 1\n");
    assert_eq!(
        (rule.notify_when, rule.missing, rule.no_data, rule.on_error, rule.repeat, rule.severity),
        (
            Mode::AnyResults,
            Missing::Recovers,
            NoData::Ok,
            OnError::Alert(Patience::Runs(3)),
            Repeat::Never,
            SeveritySource::Fixed(Severity::Warning)
        )
    );
    assert_eq!((rule.hold_for, rule.keep_firing_for), (Hold::Time(Duration::ZERO), Hold::Time(Duration::ZERO)));
    assert_eq!((rule.max_instances, rule.max_rows, rule.interval), (500, 1000, Duration::from_secs(60)));
    assert_eq!((rule.uid.as_str(), rule.project.as_str()), ("default/a", "default"));
    assert_eq!(
        (schedule.window, schedule.delay, schedule.catch_up, schedule.zone),
        (WindowSpec::Span(Duration::from_secs(60)), Duration::ZERO, CatchUp::Latest, chrono_tz::Tz::UTC)
    );
    assert_eq!((query.timeout, query.keep, enabled), (Duration::from_secs(30), Keep::Shown(1000), true));
}

#[test]
fn defaults_follow_when_per_and_cadence() {
    let with_when = rule("    query: SELECT 1\n    when: n > 1\n").rule;
    assert_eq!(
        (with_when.notify_when, with_when.missing, with_when.no_data),
        (Mode::Transitions, Missing::Resolve(Patience::Runs(2)), NoData::Keep)
    );
    let with_per = rule("    query: SELECT 1\n    per: [s]\n");
    assert_eq!(
        (with_per.rule.notify_when, with_per.rule.missing, with_per.rule.no_data, with_per.query.keep),
        (Mode::Transitions, Missing::Recovers, NoData::Keep, Keep::All)
    );
    let daily = rule("    query: SELECT 1\n    cron: 0 9 * * *\n    timezone: Europe/Berlin\n");
    assert_eq!(daily.rule.on_error, OnError::Alert(Patience::Runs(1)));
    assert_eq!(
        (daily.schedule.window, daily.rule.interval),
        (WindowSpec::SincePreviousSlot, Duration::from_secs(86_400))
    );
    let hourly = rule("    query: SELECT 1\n    every: 11m\n").rule;
    assert_eq!(hourly.on_error, OnError::Alert(Patience::Runs(1)));
}

#[test]
fn every_field_arrives_in_the_rule() {
    let RuleDefinition { rule, schedule, query, enabled, .. } = rule(
        "
    id: stable
    description: Share of failures
    owner: hook
    labels: {team: platform, tier: 1}
    query: |
      SELECT a
      FROM records
    every: 2m
    window: 15m
    delay: 30s
    per: [a]
    when: a > 1
    notify_when: data_change
    keep_firing_for: 3 runs
    recover_when: a < 1
    missing: alert after 10m
    no_data: resolve
    on_error: keep
    repeat: 4h
    catch_up: all within 2h
    severity: {critical: a > 5, warning: true}
    change: {ignore: [u], report: [added], first_run: report, max_rows: 7, tolerance: 1%}
    message: {runbook: https://wiki.example.com/a}
    window_on: created_at
    notify_severity: both
    notify_on_join: false
    project: default
    timeout: 5s
    max_instances: 9
    max_rows: 8
    spread: true
    enabled: false
",
    );
    assert_eq!(rule.uid.as_str(), "default/stable");
    assert_eq!(rule.labels["tier"], "1");
    assert_eq!(rule.owner_channel.unwrap().as_str(), "hook");
    assert_eq!(rule.query, "SELECT a\nFROM records\n");
    assert_eq!((rule.notify_when, rule.keep_firing_for), (Mode::DataChange, Hold::Runs(3)));
    assert_eq!(rule.missing, Missing::Alert(Patience::Time(Duration::from_secs(600))));
    assert_eq!((rule.no_data, rule.on_error), (NoData::Resolve, OnError::Keep));
    assert_eq!((rule.repeat, rule.severity), (Repeat::Every(Duration::from_secs(14_400)), SeveritySource::Conditions));
    assert_eq!(rule.change.report, BTreeSet::from([ChangeKind::Added]));
    assert_eq!((rule.change.first_run, rule.change.max_rows), (FirstRun::Report, 7));
    assert_eq!(rule.change.tolerance, Some(Tolerance::Relative(0.01)));
    assert_eq!((rule.max_instances, rule.max_rows, rule.tell_lowered_severity), (9, 8, true));
    assert_eq!(rule.runbook.as_deref(), Some("https://wiki.example.com/a"));
    assert_eq!(schedule.window, WindowSpec::Span(Duration::from_secs(900)));
    assert_eq!(schedule.catch_up, CatchUp::AllWithin(Duration::from_secs(7200)));
    assert!(matches!(schedule.cadence, Cadence::Every(every) if !every.offset().is_zero()));
    let conditions = [(Severity::Critical, "a > 5".to_owned()), (Severity::Warning, "true".to_owned())];
    assert_eq!((query.severity.as_slice(), query.keep), (&conditions[..], Keep::All));
    assert_eq!((query.window_on.as_deref(), query.timeout), (Some("created_at"), Duration::from_secs(5)));
    assert!(!enabled);
}

#[test]
fn words_of_logfire_and_of_other_tools_are_understood() {
    let other = rule(
        "    expr: SELECT 1\n    time_window: 5m\n    frequency: 5m\n    watermark: 1m\n    active: false\n    notify_when: starts_having_matches\n",
    );
    assert_eq!(
        (other.rule.query.as_str(), other.rule.notify_when, other.schedule.delay, other.enabled),
        ("SELECT 1", Mode::Onset, Duration::from_secs(60), false)
    );
}

#[test]
fn a_query_that_speaks_of_severity_may_bring_its_own() {
    for query in ["'error' AS severity", "*", "t.*, 1 FROM t", "DISTINCT * FROM t", "a, * FROM t", "t.severity FROM t"]
    {
        let severity = rule(&format!("    query: SELECT {query}\n")).rule.severity;
        assert_eq!(severity, SeveritySource::Column, "{query}");
    }
    for query in ["'severity' AS s", "count(*) AS n, 2 * a FROM t"] {
        let severity = rule(&format!("    query: SELECT {query}\n    when: n > 0\n")).rule.severity;
        assert_eq!(severity, SeveritySource::Fixed(Severity::Warning), "{query}");
    }
}

#[test]
fn the_semantic_hash_follows_the_question_and_nothing_else() {
    let hash = |body: &str| rule(body).rule.semantic_hash;
    let base = "    query: SELECT a FROM t\n    per: [a]\n    when: a > 1\n";
    let same = [
        "    query: |\n      select a -- note\n      from t\n    per: [a]\n    when: a>1\n".to_owned(),
        format!("{base}    description: other\n    labels: {{a: b}}\n    severity: critical\n    repeat: 4h\n"),
    ];
    for body in same {
        assert_eq!(hash(base), hash(&body), "{body}");
    }
    for field in [
        "window: 5m",
        "delay: 1s",
        "for: 5m",
        "for: 1 runs",
        "keep_firing_for: 5m",
        "recover_when: a < 1",
        "notify_when: onset",
        "every: 2m",
        "window_on: b",
    ] {
        assert_ne!(hash(base), hash(&format!("{base}    {field}\n")), "{field}");
    }
    assert_ne!(hash(base), hash("    query: SELECT a FROM t\n    per: [b]\n    when: a > 1\n"));
}

#[test]
fn files_are_read_together_and_names_are_unique_over_all_of_them() {
    let rules = "version: 1\nalerts:\n  - {name: a, query: SELECT 1, when: n > 1, notify: hook}\n";
    let loaded = loaded(&[
        ("b/channels.yml", CHANNELS),
        ("a.yaml", rules),
        ("c/d/e.yaml", rules),
        ("c/notes.txt", "not: read: at: all"),
        (".hidden/x.yaml", "not: read: at: all"),
        ("empty.yaml", "# nothing yet\n"),
        ("watchfire.yaml", "version: 1\ndelivery: {fallback_channel: hook}\nlimits: {memory: 1GiB}\n"),
    ]);
    assert_eq!(codes(&loaded), ["duplicate_name"]);
    let problem = &loaded.problems[0];
    assert!(problem.place.file.ends_with("c/d/e.yaml") && problem.message.contains("a.yaml:3:12"), "{problem:?}");
    assert_eq!((loaded.definitions.rules.len(), loaded.checks.len()), (1, 2));
    assert_eq!(loaded.definitions.rules[0].rule.fallback_channel.as_ref().unwrap().as_str(), "hook");
    assert_eq!(loaded.definitions.settings.limits.memory, Some(1 << 30));
}

#[test]
fn a_file_that_is_no_yaml_hides_no_mistake_of_another() {
    let loaded = loaded(&[("a.yaml", "version: 1\nalerts: [\n"), ("b.yaml", "version: 1\nalert: []\n")]);
    assert_eq!(codes(&loaded), ["malformed_yaml", "unknown_key"]);
}

#[test]
fn bytes_that_are_no_text_are_a_mistake_of_their_file() {
    let folder = folder(&[]);
    fs::write(folder.path().join("a.yaml"), b"version: 1\n# \xff\n").unwrap();
    let loaded = load(folder.path(), &|_| None).unwrap();
    assert_eq!((codes(&loaded), loaded.problems[0].place.line), (vec!["not_utf8"], 2));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_hides_no_mistake_of_another_file() {
    let folder = folder(&[("b.yaml", "version: 1\nalert: []\n")]);
    std::os::unix::fs::symlink("gone.yaml", folder.path().join("a.yaml")).unwrap();
    let loaded = load(folder.path(), &|_| None).unwrap();
    assert_eq!(codes(&loaded), ["dangling_link", "unknown_key"]);
    assert!(loaded.problems[0].message.contains("gone.yaml"), "{:?}", loaded.problems[0]);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = folder(&[("a.yaml", "version: 1\n")]);
    fs::OpenOptions::new().write(true).open(folder.path().join("a.yaml")).unwrap().set_len(33 << 20).unwrap();
    let loaded = load(folder.path(), &|_| None).unwrap();
    assert_eq!(codes(&loaded), ["file_too_large"]);
}

#[test]
fn a_folder_without_a_file_is_a_warning() {
    let loaded = loaded(&[("notes.txt", "not a definition")]);
    assert_eq!((codes(&loaded), loaded.has_errors()), (vec!["no_file"], false));
}

#[test]
fn two_files_of_settings_are_one_too_many() {
    let loaded = loaded(&[("watchfire.yaml", "version: 1\n"), ("watchfire.yml", "version: 1\n")]);
    assert_eq!(codes(&loaded), ["duplicate_settings"]);
}

#[test]
fn a_folder_that_is_not_there_cannot_be_read() {
    let folder = folder(&[]);
    let missing = load(&folder.path().join("nowhere"), &|_| None);
    assert!(matches!(missing, Err(LoadError::Unreadable { .. })));
}

#[test]
fn limits_of_the_settings_hold_for_rules() {
    let loaded = loaded(&[
        ("watchfire.yaml", "version: 1\nlimits: {query_timeout: 10s, max_instances: 100, max_rows: 50}\n"),
        ("channels.yaml", CHANNELS),
        (
            "rules.yaml",
            "version: 1\nalerts:\n  - {name: a, query: SELECT 1, when: n > 1, notify: hook, timeout: 11s, max_instances: 101, max_rows: 51}\n  - {name: b, query: SELECT 1, when: n > 1, notify: hook}\n",
        ),
    ]);
    assert_eq!(codes(&loaded), ["over_limit"; 3]);
    let RuleDefinition { rule, query, .. } = &loaded.definitions.rules[0];
    assert_eq!((rule.max_instances, rule.max_rows, query.timeout), (100, 50, Duration::from_secs(10)));
}

#[test]
fn sources_are_looked_for_beside_the_file_that_names_them() {
    let folder = folder(&[
        (
            "sub/rules.yaml",
            "version: 1\nsources:\n  - {name: s, type: ndjson, path: ../data/*.ndjson, time_column: ts}\n",
        ),
        ("data/a.ndjson", "{}\n"),
    ]);
    let loaded = load(folder.path(), &|_| None).unwrap();
    assert_eq!(codes(&loaded), [""; 0]);
    let path = folder.path().join("data/*.ndjson");
    assert_eq!(loaded.definitions.sources[0].kind, SourceKind::Files { format: SourceFormat::Ndjson, path });
}

#[test]
fn secrets_come_from_the_environment_or_from_files() {
    let folder = folder(&[
        ("url.txt", "https://example.com/from-file\n"),
        (
            "channels.yaml",
            "version: 1\nchannels:\n  - name: hook\n    type: webhook\n    url: {file: url.txt}\n    secret: ${SECRET}\n    headers: {Authorization: \"Bearer ${TOKEN}\", X-Team: platform}\n",
        ),
    ]);
    let environment = |name: &str| match name {
        "SECRET" => Some(format!("whsec_{}", "A".repeat(32))),
        "TOKEN" => Some("abc".to_owned()),
        _ => None,
    };
    let loaded = load(folder.path(), &environment).unwrap();
    assert_eq!(codes(&loaded), [""; 0]);
    let Target::Webhook(webhook) = &loaded.definitions.channels[0].target else { panic!("it is a webhook") };
    use secrecy::ExposeSecret;
    assert_eq!(webhook.url.expose_secret(), "https://example.com/from-file");
    let headers: Vec<_> = webhook.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(headers, [("Authorization", "Bearer abc"), ("X-Team", "platform")]);
    assert!(webhook.secret.is_some());
}

#[test]
fn sql_of_rules_with_other_mistakes_is_checked_too_and_points_into_the_file() {
    let loaded = loaded(&[(
        "rules.yaml",
        "version: 1\nalerts:\n  - name: a\n    query: >\n      SELECT a\n      FROM nowhere\n    for: 5x\n    per: [a]\n    when: a > bad\n",
    )]);
    let check = &loaded.checks[0];
    assert_eq!((loaded.definitions.rules.len(), check.query.sql.as_str()), (0, "SELECT a FROM nowhere\n"));
    let place = check.query_text.place(1, 15);
    assert_eq!((place.line, place.column, place.length), (6, 12, 7));
    let when = check.when.as_ref().unwrap().place(1, 5);
    assert_eq!((when.line, when.column), (9, 15));
    assert_eq!((check.keys[0].name.as_str(), check.keys[0].place.line, check.keys[0].place.column), ("a", 8, 11));
}

#[test]
fn a_source_belongs_to_a_project_that_any_file_defines_or_to_default_and_is_named_within_it() {
    let source = |(name, project)| format!("  - {{name: {name}, type: ndjson, path: a.ndjson{project}}}\n");
    let sources = [("orders", ", project: mail"), ("orders", ""), ("more", ", project: default")];
    let text: String = sources.map(source).concat();
    let loaded = loaded(&[
        ("a.yaml", &format!("version: 1\nsources:\n{text}")),
        ("b.yaml", "version: 1\nprojects:\n  - {name: mail, id: 2}\n"),
        ("a.ndjson", ""),
    ]);
    assert_eq!(loaded.problems, []);
    let belongs = loaded.definitions.sources.iter().map(|one| (one.name.as_str(), one.project.as_str()));
    assert_eq!(belongs.collect::<Vec<_>>(), [("orders", "mail"), ("orders", "default"), ("more", "default")]);
}

#[test]
fn examples_are_without_mistakes() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    if !examples.exists() {
        return;
    }
    let environment = |name: &str| (name == "WATCHFIRE_WEBHOOK_URL").then(|| "https://example.com/h".to_owned());
    let loaded = load(&examples, &environment).unwrap();
    let rendered: String = loaded.problems.iter().map(|problem| loaded.render(problem)).collect();
    assert!(!loaded.has_errors(), "{rendered}");
    assert!(!loaded.definitions.rules.is_empty());
}

#[test]
fn a_rule_of_the_handbook_lacks_only_what_is_not_built_yet() {
    let text = r#"
version: 1
alerts:
  - name: service-error-rate
    owner: platform
    query: |
      SELECT service_name,
             count(*)                                              AS requests,
             count(*) FILTER (WHERE is_exception) * 1.0 / count(*) AS error_rate
      FROM records
      WHERE start_timestamp >= $window_start AND start_timestamp < $window_end
      GROUP BY service_name
    every: 1m
    window: 15m
    delay: 30s                       # spans arrive late
    per: [service_name]              # one state, one message thread per service
    when: requests >= 50 AND error_rate > 0.05
    notify_when: transitions
    severity:
      critical: error_rate > 0.20
      warning: true
    for: 3m
    recover_when: error_rate < 0.02  # hysteresis; NULL counts as not recovered
    keep_firing_for: 5m
    missing: alert after 10m         # a service that vanished is news
    labels: {team: platform}
    notify:
      - channel: hook
        repeat: 4h
      - channel: hook2
        severity: [critical]
    message:
      title: "{{instance.service_name}}: {{percent row.error_rate}} errors"
      body: "{{row.requests}} requests in 15 min. {{link.query}}"
      runbook: https://wiki.example.com/runbooks/errors
    tests:
      - name: fires after three minutes, once
        input: {records: fixtures/spike.csv}
        at: {4m: [], 8m: [{service_name: api, state: firing, severity: warning}]}
        notifications: {slack-platform: 1, opsgenie: 0}
  - name: feature-flags-changed
    query: SELECT flag, enabled, rollout, updated_by, updated_at FROM feature_flags
    every: 5m
    window: none                     # a table, not a stream
    per: [flag]
    notify_when: data_change         # against the last successful run
    change:
      ignore: [updated_at]
      report: [added, removed, changed]
      first_run: silent
      max_rows: 50                   # more than that: one digest
    on_error: keep                   # a failed read is not "everything was removed"
    no_data: alert after 1 runs      # an empty flags table is never normal
    notify: [{channel: hook, on: [rows_changed]}]
"#;
    let second = CHANNELS.replace("name: hook", "name: hook2");
    let loaded = loaded(&[("channels.yaml", CHANNELS), ("second.yaml", &second), ("rules.yaml", text)]);
    assert_eq!(codes(&loaded), ["not_supported_yet"]);
    assert_eq!(loaded.definitions.rules[0].rule.name.as_str(), "feature-flags-changed");
    assert_eq!((loaded.definitions.rules.len(), loaded.checks.len()), (1, 2));
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let text = "version: 1\nchannels:\n  - {name: a, type: webhook, url: 'https://example.com/SUPERSECRET', headers: {X-A: SUPERSECRET}, secret: whsec_SUPERSECRET}\nalerts:\n  - {name: a, query: SELECT 1, notify: a}\n";
    let loaded = loaded(&[("a.yaml", text)]);
    assert_eq!(loaded.checks.len(), 1);
    assert!(!format!("{loaded:?}").contains("SUPERSECRET"));
}

#[test]
fn mistakes_in_sql_are_told_like_all_others() {
    let text = "version: 1\nalerts:\n  - name: a\n    query: SELECT b\n    per: [c]\n";
    let mut loaded = loaded(&[("a.yaml", text)]);
    let check = loaded.checks[0].clone();
    let place = check.query_text.place(1, 8);
    loaded.add_problems([check.problem(
        place,
        ProblemSeverity::Error,
        "unknown_column",
        "there is no column `b`",
        None,
    )]);
    let problem = loaded.problems.iter().find(|problem| problem.code == "unknown_column").unwrap();
    let rendered = loaded.render(problem);
    let (_, shown) = rendered.split_once("a.yaml:").unwrap();
    assert_eq!(
        shown,
        "4:19: rule \"a\": there is no column `b`\n    4 |     query: SELECT b\n      |                   ^\n"
    );
}

#[test]
fn every_setting_may_come_from_the_environment_which_wins_over_the_file() {
    let folder = folder(&[
        ("watchfire.yaml", "version: 1\nlimits: {max_rows: 7, memory: 1GiB}\nserver: {listen: \"127.0.0.1:1\"}\n"),
        ("channels.yaml", CHANNELS),
    ]);
    let environment = |name: &str| {
        let value = match name {
            "WATCHFIRE_SERVER_LISTEN" => "localhost:2",
            "WATCHFIRE_SERVER_OTLP_GRPC" => "localhost:3",
            "WATCHFIRE_SERVER_PUBLIC_URL" => "https://watch.example.com",
            "WATCHFIRE_STORAGE_DATABASE_URL" => "postgres://u:hunter2@db/w",
            "WATCHFIRE_STORAGE_DATA" => "somewhere",
            "WATCHFIRE_TELEMETRY_HOT_WINDOW" => "5m",
            "WATCHFIRE_TELEMETRY_HOT_MEMORY" => "64MiB",
            "WATCHFIRE_TELEMETRY_SHREDDED_ATTRIBUTES" => "http.route, a b",
            "WATCHFIRE_TELEMETRY_RETENTION" => "30d",
            "WATCHFIRE_TELEMETRY_ACCEPTED_PAST" => "7d",
            "WATCHFIRE_TELEMETRY_ACCEPTED_FUTURE" => "5m",
            "WATCHFIRE_DELIVERY_FALLBACK_CHANNEL" => "hook",
            "WATCHFIRE_DELIVERY_ALLOW_ADDRESSES" => "10.0.0.1, fd00::/8",
            "WATCHFIRE_DELIVERY_TIMEOUT" => "9s",
            "WATCHFIRE_LIMITS_MEMORY" => "2GiB",
            "WATCHFIRE_LIMITS_QUERY_TIMEOUT" => "8s",
            "WATCHFIRE_LIMITS_MAX_INSTANCES" => "40",
            // Empty is not set: the file's value stands.
            "WATCHFIRE_LIMITS_MAX_ROWS" => " ",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let loaded = load(folder.path(), &environment).unwrap();
    assert!(!loaded.has_errors(), "{:?}", loaded.problems);
    let settings = loaded.definitions.settings;
    assert_eq!(settings.server.listen.as_deref(), Some("localhost:2"));
    assert_eq!(settings.server.otlp_grpc.as_deref(), Some("localhost:3"));
    assert_eq!(settings.server.public_url.unwrap().as_str(), "https://watch.example.com/");
    assert!(settings.storage.database_url.is_some());
    assert_eq!(settings.storage.data.unwrap(), std::path::Path::new("somewhere"));
    assert_eq!(settings.telemetry.hot_window, Duration::from_secs(300));
    assert_eq!(settings.telemetry.retention, Some(Duration::from_secs(30 * 86_400)));
    assert_eq!(settings.telemetry.accepted_past, Some(Duration::from_secs(7 * 86_400)));
    assert_eq!(settings.telemetry.accepted_future, Some(Duration::from_secs(300)));
    assert_eq!(settings.telemetry.hot_memory, Some(64 << 20));
    assert_eq!(settings.telemetry.shredded_attributes.unwrap(), ["http.route", "a b"]);
    assert_eq!(settings.delivery.fallback_channel.unwrap().as_str(), "hook");
    assert_eq!(settings.delivery.allow_addresses.len(), 2);
    assert_eq!(settings.delivery.timeout, Duration::from_secs(9));
    assert_eq!(settings.limits.memory, Some(2 << 30));
    assert_eq!(settings.limits.query_timeout, Some(Duration::from_secs(8)));
    assert_eq!(settings.limits.max_instances, Some(40));
    assert_eq!(settings.limits.max_rows, 7);
}

#[test]
fn a_mistake_in_the_environment_names_its_variable_and_shows_no_password() {
    let folder = folder(&[("empty.yaml", "# nothing yet\n")]);
    let environment = |name: &str| match name {
        "WATCHFIRE_LIMITS_MEMORY" => Some("12XB".to_owned()),
        "WATCHFIRE_STORAGE_DATABASE_URL" => Some("mysql://u:hunter2@db/w".to_owned()),
        _ => None,
    };
    let loaded = load(folder.path(), &environment).unwrap();
    let rendered: Vec<String> = loaded.problems.iter().map(|problem| loaded.render(problem)).collect();
    assert_eq!(rendered.len(), 2, "{rendered:#?}");
    assert!(rendered[0].starts_with("WATCHFIRE_LIMITS_MEMORY:1:"), "{rendered:#?}");
    assert!(rendered[1].starts_with("WATCHFIRE_STORAGE_DATABASE_URL:1:"), "{rendered:#?}");
    assert!(!rendered.concat().contains("hunter2"), "{rendered:#?}");
}

#[test]
fn a_broken_source_is_told_once_and_not_again_by_its_rules() {
    let text = "version: 1\nsources:\n  - {name: probes, type: jsn, path: p}\nalerts:\n  \
                - {name: a, query: SELECT ok FROM Probes, notify: hook}\n  \
                - {name: b, query: SELECT level FROM records, notify: hook}\n";
    let loaded = loaded(&[("channels.yaml", CHANNELS), ("rules.yaml", text)]);
    let planned: Vec<&str> = loaded.checks.iter().map(|check| check.rule.as_str()).collect();
    assert_eq!((planned, loaded.rules), (vec!["b"], 2));
}
