//! Keeps telemetry and queries it with SQL.
