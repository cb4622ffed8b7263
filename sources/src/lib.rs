//! Reads tables of other databases.
