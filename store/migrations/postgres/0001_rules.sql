-- Instants are microseconds since 1970, UTC. Flags are 0 or 1.

-- A process that works on this store. Its leases are free once it has been silent for long.
CREATE TABLE claimants (
    id           TEXT PRIMARY KEY,
    heartbeat_at BIGINT NOT NULL  -- on the database's clock
);

CREATE TABLE rules (
    uid             TEXT PRIMARY KEY,
    project         TEXT NOT NULL,
    name            TEXT NOT NULL,
    incarnation     BIGINT NOT NULL CHECK (incarnation >= 0),
    semantic_hash   TEXT NOT NULL,
    per_hash        TEXT NOT NULL,
    enabled         BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    retired_at      BIGINT,           -- deleted; kept, so that its incarnation is never used again
    next_at         BIGINT,           -- the next slot; none: nothing is due
    decided_through BIGINT NOT NULL,  -- every slot up to here has its decision
    last_window_end BIGINT,
    epoch           BIGINT NOT NULL DEFAULT 0 CHECK (epoch >= 0),  -- rises with each claim; fences an old claimant
    claimed_by      TEXT,
    lease_until     BIGINT,           -- on the database's clock
    CONSTRAINT a_claim_has_an_end CHECK ((claimed_by IS NULL) = (lease_until IS NULL)),
    CONSTRAINT a_retired_rule_is_never_due CHECK (retired_at IS NULL OR (enabled = 0 AND next_at IS NULL AND claimed_by IS NULL))
);

CREATE INDEX rules_due ON rules (next_at) WHERE enabled = 1;
