-- Facts to tell, as they were decided. Never changed.
CREATE TABLE notifications (
    id         TEXT PRIMARY KEY NOT NULL,  -- derived from rule, incarnation, instance, slot and reason
    kind       TEXT NOT NULL,
    rule_uid   TEXT,
    rule_name  TEXT,
    body       TEXT NOT NULL,              -- JSON
    created_at INTEGER NOT NULL
) STRICT;

-- One row per notification and channel: a replayed run inserts nothing new.
CREATE TABLE outbox (
    position        INTEGER PRIMARY KEY AUTOINCREMENT,
    notification_id TEXT NOT NULL REFERENCES notifications (id),
    channel         TEXT NOT NULL,
    lane            TEXT NOT NULL,     -- what must be read in order, inside its channel
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'done', 'dead', 'superseded')),
    attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at         INTEGER NOT NULL,  -- when it is due, or was
    expires_at      INTEGER NOT NULL,
    lease_epoch     INTEGER NOT NULL DEFAULT 0 CHECK (lease_epoch >= 0),
    lease_until     INTEGER,           -- on the database's clock
    claimed_by      TEXT,
    last_error      TEXT,
    remote_id       TEXT,
    created_at      INTEGER NOT NULL,
    done_at         INTEGER,
    UNIQUE (notification_id, channel),
    CONSTRAINT sending_has_a_lease CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CONSTRAINT sending_has_a_claimant CHECK ((state = 'sending') = (claimed_by IS NOT NULL)),
    CONSTRAINT done_has_a_time CHECK ((state = 'done') = (done_at IS NOT NULL)),
    CONSTRAINT dead_has_a_reason CHECK (state <> 'dead' OR last_error IS NOT NULL)
) STRICT;

CREATE INDEX outbox_heads ON outbox (channel, position) WHERE state = 'pending';
CREATE INDEX outbox_lanes ON outbox (channel, lane, position) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'pending';
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE state = 'pending';
CREATE INDEX outbox_leases ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_states ON outbox (channel, state);
-- The promise of a lane, kept by the database itself.
CREATE UNIQUE INDEX one_sending_per_lane ON outbox (channel, lane) WHERE state = 'sending';

CREATE TABLE attempts (
    position    INTEGER NOT NULL REFERENCES outbox (position),
    number      INTEGER NOT NULL CHECK (number >= 1),
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    detail      TEXT,
    PRIMARY KEY (position, number)
) STRICT;
