//! One use case per file: the shell around the deciding rooms.
