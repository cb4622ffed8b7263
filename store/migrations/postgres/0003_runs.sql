-- One row per run, or one row for a range of equal uneventful runs or of skipped slots.
CREATE TABLE runs (
    position     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_uid     TEXT NOT NULL REFERENCES rules (uid),
    incarnation  BIGINT NOT NULL,
    first_at     BIGINT NOT NULL,  -- the slot, or the first of the range
    last_at      BIGINT NOT NULL,
    slot_count   BIGINT NOT NULL CHECK (slot_count >= 1),
    status       TEXT NOT NULL CHECK (status IN ('ran', 'failed', 'skipped')),
    outcome      TEXT,
    reason       TEXT,              -- why the slots were skipped
    window_start BIGINT,
    window_end   BIGINT,
    row_count    BIGINT CHECK (row_count >= 0),
    notified     BIGINT CHECK (notified >= 0),
    error        TEXT,
    started_at   BIGINT,
    finished_at  BIGINT,
    UNIQUE (rule_uid, incarnation, first_at),
    CONSTRAINT a_range_has_an_order CHECK (first_at <= last_at AND (slot_count = 1) = (first_at = last_at)),
    CONSTRAINT a_window_has_two_ends CHECK ((window_start IS NULL) = (window_end IS NULL)),
    CONSTRAINT skipped_has_a_reason CHECK ((status = 'skipped') = (reason IS NOT NULL)),
    CONSTRAINT a_run_has_an_outcome CHECK ((status = 'skipped') = (outcome IS NULL)),
    CONSTRAINT a_run_is_counted CHECK ((status = 'skipped') = (row_count IS NULL) AND (status = 'skipped') = (notified IS NULL)),
    CONSTRAINT a_run_has_times CHECK ((status = 'skipped') = (started_at IS NULL) AND (status = 'skipped') = (finished_at IS NULL)),
    CONSTRAINT only_failed_has_an_error CHECK (error IS NULL OR status = 'failed'),
    CONSTRAINT eventful_runs_stay_single CHECK (slot_count = 1 OR status = 'skipped' OR (status = 'ran' AND notified = 0))
);

CREATE INDEX runs_of_a_rule ON runs (rule_uid, first_at, status);
CREATE INDEX runs_by_slot ON runs (last_at);
