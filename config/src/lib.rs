//! YAML in, domain types out.
