//! Remembers state in SQLite or PostgreSQL.
