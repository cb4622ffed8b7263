-- What a rule remembers as a whole. No row: nothing yet.
CREATE TABLE rule_states (
    rule_uid        TEXT PRIMARY KEY NOT NULL REFERENCES rules (uid),
    health          TEXT NOT NULL CHECK (health IN ('ok', 'no_data', 'error')),
    health_since    INTEGER,
    health_runs     INTEGER CHECK (health_runs >= 0),
    health_told_at  INTEGER,
    failure         TEXT,     -- JSON
    empty_input     TEXT,     -- JSON: the empty input that the failures interrupted
    last_success_at INTEGER,
    overflow_since  INTEGER,
    CONSTRAINT trouble_has_a_start CHECK ((health = 'ok') = (health_since IS NULL)),
    CONSTRAINT trouble_is_counted CHECK ((health = 'ok') = (health_runs IS NULL)),
    CONSTRAINT only_trouble_is_told CHECK (health_told_at IS NULL OR health <> 'ok'),
    CONSTRAINT an_error_has_a_failure CHECK ((health = 'error') = (failure IS NOT NULL)),
    CONSTRAINT only_an_error_interrupts CHECK (empty_input IS NULL OR health = 'error')
) STRICT;

-- The rows of the last successful run of a data_change rule; apart, since they can be large.
CREATE TABLE baselines (
    rule_uid TEXT PRIMARY KEY NOT NULL REFERENCES rules (uid),
    body     TEXT NOT NULL  -- JSON
) STRICT;

CREATE TABLE instances (
    rule_uid        TEXT NOT NULL REFERENCES rules (uid),
    fingerprint     TEXT NOT NULL,  -- of the key
    instance_key    TEXT NOT NULL,  -- JSON
    condition       TEXT NOT NULL CHECK (condition IN ('inactive', 'pending', 'firing', 'resolved')),
    breached_since  INTEGER,
    breached_at     INTEGER,
    breached_runs   INTEGER CHECK (breached_runs >= 0),
    firing_since    INTEGER,
    clear_since     INTEGER,
    clear_runs      INTEGER CHECK (clear_runs >= 0),
    resolved_at     INTEGER,
    episode         INTEGER NOT NULL CHECK (episode >= 0),
    seq             INTEGER NOT NULL CHECK (seq >= 0),
    severity        TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    breaching_value TEXT,           -- JSON
    told            TEXT NOT NULL,  -- JSON
    last_told_at    TEXT NOT NULL,  -- JSON
    untold          INTEGER NOT NULL CHECK (untold IN (0, 1)),
    absent_since    INTEGER,
    absent_runs     INTEGER CHECK (absent_runs >= 0),
    absence_told_at INTEGER,
    last_seen_at    INTEGER,
    PRIMARY KEY (rule_uid, fingerprint),
    CONSTRAINT a_breach_has_a_start CHECK ((condition IN ('pending', 'firing')) = (breached_since IS NOT NULL)),
    CONSTRAINT pending_has_a_last_breach CHECK ((condition = 'pending') = (breached_at IS NOT NULL)),
    CONSTRAINT pending_is_counted CHECK ((condition = 'pending') = (breached_runs IS NOT NULL)),
    CONSTRAINT firing_has_a_start CHECK ((condition = 'firing') = (firing_since IS NOT NULL)),
    CONSTRAINT only_firing_recovers CHECK (clear_since IS NULL OR condition = 'firing'),
    CONSTRAINT recovery_is_counted CHECK ((clear_since IS NULL) = (clear_runs IS NULL)),
    CONSTRAINT resolved_has_a_time CHECK ((condition = 'resolved') = (resolved_at IS NOT NULL)),
    CONSTRAINT absence_is_counted CHECK ((absent_since IS NULL) = (absent_runs IS NULL)),
    CONSTRAINT only_absence_is_told CHECK (absence_told_at IS NULL OR absent_since IS NOT NULL)
) STRICT;
