//! Alerts.

use std::time::Duration;

use watchfire_alerts::{FirstRun, Hold, Missing, Mode, NoData, OnError};
use watchfire_model::ChangeKind;
use watchfire_scheduler::CatchUp;

use crate::phrases::{RaisedOrBoth, RawRepeat, RawTolerance, RawWindow, Span, Zone};
use crate::raw::{RawAssignment, RawMessage, RawNotify, RawSeverity};
use crate::read::{Columns, Count, Flag, Items, NotYet, Phrased, ReportsOnly, Table, Text, mapping};

mapping! {
    /// A rule with a state.
    pub(crate) struct RawAlert, "an alert" {
        /// Its name, unique among alerts and reports.
        name: Text, required;
        /// What it is known by, so that it keeps its state under another name; default its name.
        id: Text;
        /// What it watches, for people.
        description: Text;
        /// Whose it is. Where it names a channel, that channel alone hears of a failing query.
        owner: Text;
        /// Names and texts that every message carries.
        labels: Table<Text>;
        /// Read-only SQL.
        query: Text, required "expr";
        /// The distance between two runs, `1s` to `31d`, counted from the epoch; default `1m`.
        every: Phrased<Duration>, alias "frequency";
        /// A cron pattern instead of `every`: 5 fields, 6 (seconds first) or 7 (years last).
        cron: Text;
        /// The IANA zone of `cron`, of calendar windows and of the times in messages; default `UTC`.
        timezone: Phrased<Zone>;
        /// How far each run looks back: a duration, `previous_day`, `previous_week`, `previous_month` or `none`; default `every`, with `cron` from the slot before.
        window: Phrased<RawWindow>, alias "time_window";
        /// How long late rows are waited for: the window moves back, the run does not move; default `0s`.
        delay: Phrased<Duration>, alias "watermark";
        /// Key columns: one state for each of their values; default one state for the alert.
        per: Columns;
        /// SQL condition over the result's columns, where NULL is not true; default any row matches.
        when: Text;
        /// What is told; the last four words are Logfire's for the first four; default `transitions` with `per` or `when`, else `any_results`.
        notify_when: Phrased<Mode>;
        /// How long it must match before it fires: a duration or `N runs`; default `0s`.
        r#for: Phrased<Hold>;
        /// How long it must be clear before it resolves: a duration or `N runs`; default `0s`.
        keep_firing_for: Phrased<Hold>;
        /// SQL condition that must hold before it resolves; default `when` is no longer true.
        recover_when: Text;
        /// What a known instance that is no longer in the result means: `resolve`, `resolve after …`, `keep` or `alert after …`, with `N runs` or a duration; default with `when` `resolve after 2 runs`, else `resolve`.
        missing: Phrased<Missing>;
        /// What empty input means: `keep`, `ok`, `resolve` or `alert after …`; default `keep`, for a bare row match `ok`.
        no_data: Phrased<NoData>;
        /// When a failing query is told: `keep` or `alert after …`; default `alert after 3 runs`, `after 1 runs` where runs are more than 10 minutes apart.
        on_error: Phrased<OnError>;
        /// Reminders while it fires: a duration or `never`; default `never`.
        repeat: Phrased<RawRepeat>;
        /// What happens to runs that were missed: `latest`, `latest within D`, `all within D` or `none`; default `latest`.
        catch_up: Phrased<CatchUp>;
        /// A level, or a mapping from levels to SQL conditions of which the highest true one counts; default the result's column `severity`, else `warning`.
        severity: RawSeverity;
        /// How `data_change` compares.
        change: RawChange;
        /// Who hears of it; default nobody, with a warning.
        notify: Items<RawNotify<RawAssignment>>;
        /// What messages say.
        message: RawMessage;
        /// The time column by which the window is cut; default the table's.
        window_on: Text;
        /// Whether lowered severities are told too; default `raised`.
        notify_severity: Phrased<RaisedOrBoth>;
        /// Whether a channel that is added hears the current state; only `false` for now; default `false`.
        notify_on_join: Flag;
        /// The [project](#projects) whose tables it reads; default `default`.
        project: Text;
        /// How long one run may take; default `30s`.
        timeout: Phrased<Span>;
        /// Most instances; default 500.
        max_instances: Count;
        /// Most rows that are kept and shown; default 1000.
        max_rows: Count;
        /// Whether its runs are moved inside the interval by a stable offset of its own; default `false`.
        spread: Flag;
        /// Whether it runs at all; default `true`.
        enabled: Flag, alias "active";
        /// Reports only: comparison with the window before.
        compare: ReportsOnly;
        /// Reports only: how long results are kept.
        retention: ReportsOnly;
        /// Only rows with one of these `deployment_environment` values are read of `records` and `metrics`; default all.
        environments: Items<Text>;
        /// Texts that are shown; not supported yet.
        annotations: NotYet;
        /// Rows in, states out; not supported yet.
        tests: NotYet;
        /// Muting by other alerts; not supported yet.
        inhibit: NotYet;
        /// Muting for a time; not supported yet.
        silence: NotYet;
    }
}

mapping! {
    /// How `data_change` compares.
    pub(crate) struct RawChange, "`change`" {
        /// Columns that are left out of the comparison; default none.
        ignore: Columns;
        /// Which kinds are told; default all of them.
        report: Items<Phrased<ChangeKind>>;
        /// What the first run tells: nothing, or all rows as added; default `silent`.
        first_run: Phrased<FirstRun>;
        /// Most changes listed in one message; default 50.
        max_rows: Count;
        /// How far two numbers may be apart and still be equal: a number, or a share such as `1%`; default `0`.
        tolerance: Phrased<RawTolerance>;
    }
}
