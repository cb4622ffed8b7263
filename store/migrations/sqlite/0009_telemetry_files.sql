-- Which Parquet files are part of the tables of telemetry. Each data folder has files of its own, and several
-- servers may share a database: the writer is the claimant whose folder it is.
CREATE TABLE telemetry_files (
    writer         TEXT NOT NULL,
    path           TEXT NOT NULL,     -- never used twice
    project        TEXT NOT NULL,
    table_name     TEXT NOT NULL CHECK (table_name IN ('records', 'metrics')),
    row_count      INTEGER NOT NULL CHECK (row_count > 0),
    size_bytes     INTEGER NOT NULL CHECK (size_bytes > 0),
    time_first     INTEGER NOT NULL,
    time_last      INTEGER NOT NULL,
    arrival_first  INTEGER NOT NULL,
    arrival_last   INTEGER NOT NULL,
    sequence_first INTEGER NOT NULL CHECK (sequence_first >= 0),
    sequence_last  INTEGER NOT NULL,
    shredded       TEXT NOT NULL,     -- JSON: the attributes with a column of their own
    PRIMARY KEY (writer, path),
    CONSTRAINT times_have_an_order CHECK (time_first <= time_last),
    CONSTRAINT arrivals_have_an_order CHECK (arrival_first <= arrival_last),
    CONSTRAINT sequences_have_an_order CHECK (sequence_first <= sequence_last)
) STRICT;

-- Files that were part of a table, and are still to be deleted.
CREATE TABLE telemetry_doomed_files (
    writer TEXT NOT NULL,
    path   TEXT NOT NULL,
    PRIMARY KEY (writer, path)
) STRICT;

-- Up to which batch of the log everything is in files.
CREATE TABLE telemetry_progress (
    writer          TEXT PRIMARY KEY NOT NULL,
    flushed_through INTEGER NOT NULL CHECK (flushed_through >= 0)
) STRICT;
