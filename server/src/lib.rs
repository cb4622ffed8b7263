//! The HTTP front doors.
