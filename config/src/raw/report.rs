//! Reports.

use std::time::Duration;

use watchfire_alerts::OnError;
use watchfire_model::Severity;
use watchfire_scheduler::CatchUp;

use crate::phrases::{PreviousWindow, ReportMode, ReportWindow, Span, Zone};
use crate::raw::{RawMessage, RawNotify, RawReportAssignment};
use crate::read::{AlertsOnly, Count, Flag, Items, NotYet, Phrased, Table, Text, mapping};

mapping! {
    /// A query whose result is sent on a schedule.
    pub(crate) struct RawReport, "a report" {
        /// Its name, unique among alerts and reports.
        name: Text, required;
        /// What it is known by, so that it keeps its history under another name; default its name.
        id: Text;
        /// What it shows, for people.
        description: Text;
        /// Whose it is. Where it names a channel, that channel alone hears of a failing query.
        owner: Text;
        /// Names and texts that every message carries.
        labels: Table<Text>;
        /// Read-only SQL.
        query: Text, required;
        /// The distance between two runs, `1s` to `31d`, counted from the epoch; default `1m`.
        every: Phrased<Duration>;
        /// A cron pattern instead of `every`: 5 fields, 6 (seconds first) or 7 (years last).
        cron: Text;
        /// The IANA zone of `cron`, of calendar windows and of the times in messages; default `UTC`.
        timezone: Phrased<Zone>;
        /// Which span each run reads: a duration, `previous_day`, `previous_week`, `previous_month`, `since_last_run` or `none`; default `every`, with `cron` from the slot before.
        window: Phrased<ReportWindow>;
        /// How long late rows are waited for: the window moves back, the run does not move; default `0s`.
        delay: Phrased<Duration>;
        /// `always` sends every result, `any_results` stays silent about an empty one; default `always`.
        notify_when: Phrased<ReportMode>;
        /// `previous_window` adds `<column>_prev` and `<column>_change` for each numeric column; default none.
        compare: Phrased<PreviousWindow>;
        /// When a failing query is told: `keep` or `alert after …`; default `alert after 1 runs`, `after 3 runs` where runs are at most 10 minutes apart.
        on_error: Phrased<OnError>;
        /// What happens to runs that were missed: `latest`, `latest within D`, `all within D` or `none`; default `latest within 12h`.
        catch_up: Phrased<CatchUp>;
        /// The level that its messages carry; default `info`.
        severity: Phrased<Severity>;
        /// Who gets it; default nobody, with a warning.
        notify: Items<RawNotify<RawReportAssignment>>;
        /// What messages say.
        message: RawMessage;
        /// How long its results are kept for download, `1d` to `1825d` (5 years); default `90d`.
        retention: Phrased<Span>;
        /// The time column by which the window is cut; default the table's.
        window_on: Text;
        /// The [project](#projects) whose tables it reads; default `default`.
        project: Text;
        /// How long one run may take; default `30s`.
        timeout: Phrased<Span>;
        /// Most rows in one message; all rows are stored; default 1000.
        max_rows: Count;
        /// Whether its runs are moved inside the interval by a stable offset of its own; default `false`.
        spread: Flag;
        /// Whether it runs at all; default `true`.
        enabled: Flag;
        /// Only rows with one of these `deployment_environment` values are read of `records` and `metrics`; default all.
        environments: Items<Text>;
        /// Texts that are shown; not supported yet.
        annotations: NotYet;
        /// Rows in, messages out; not supported yet.
        tests: NotYet;
        /// Alerts only.
        per: AlertsOnly;
        /// Alerts only.
        when: AlertsOnly;
        /// Alerts only.
        r#for: AlertsOnly;
        /// Alerts only.
        keep_firing_for: AlertsOnly;
        /// Alerts only.
        recover_when: AlertsOnly;
        /// Alerts only.
        missing: AlertsOnly;
        /// Alerts only.
        no_data: AlertsOnly;
        /// Alerts only.
        repeat: AlertsOnly;
        /// Alerts only.
        change: AlertsOnly;
        /// Alerts only.
        notify_severity: AlertsOnly;
        /// Alerts only.
        notify_on_join: AlertsOnly;
        /// Alerts only.
        max_instances: AlertsOnly;
        /// Alerts only.
        inhibit: AlertsOnly;
    }
}
