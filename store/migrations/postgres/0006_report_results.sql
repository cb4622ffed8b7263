-- What a report found, as it is downloaded. Written in the transaction of its run, so that one commit and one
-- backup hold both, and any server can give it out.
CREATE TABLE report_results (
    rule_uid      TEXT NOT NULL REFERENCES rules (uid),
    incarnation   BIGINT NOT NULL CHECK (incarnation >= 0),
    scheduled_for BIGINT NOT NULL,  -- the slot
    window_start  BIGINT,
    window_end    BIGINT,
    row_count     BIGINT NOT NULL CHECK (row_count >= 0),
    stored_rows   BIGINT NOT NULL CHECK (stored_rows >= 0),
    bytes_len     BIGINT NOT NULL CHECK (bytes_len > 0),
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    body          BYTEA NOT NULL,     -- Parquet; last, since what stands before it is read without it
    PRIMARY KEY (rule_uid, incarnation, scheduled_for),
    CONSTRAINT a_window_has_two_ends CHECK ((window_start IS NULL) = (window_end IS NULL)),
    CONSTRAINT no_more_is_stored_than_was_found CHECK (stored_rows <= row_count),
    CONSTRAINT the_body_is_whole CHECK (bytes_len = length(body))
);

CREATE INDEX report_results_expiry ON report_results (expires_at);
