//! The query API of Logfire: `POST /v2/query`, and `GET /v1/query`, which older clients still use.
//!
//! Real clients look at details, so this speaks as the original does, also where it says no: `refusal` writes its
//! error bodies, `validation` its lists of what is wrong with a request. `accept` finds the form that is wanted.

mod accept;
mod refusal;
mod reply;
mod v1;
mod v2;
mod validation;

pub(crate) use v1::query as v1;
pub(crate) use v2::query as v2;

/// Which of the two paths is asked: they differ in names, defaults and error bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}
