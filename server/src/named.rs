//! The name or id in a path, percent-decoded.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::error::ApiError;

/// What stands in the path where the route has `{…}`: one part, or a pair.
pub(crate) struct Named<T = String>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.path().contains("%00") {
            return Err(ApiError {
                status: StatusCode::BAD_REQUEST,
                code: "bad_path",
                message: format!("`{}` holds a NUL character (%00), which no name and no id does", parts.uri.path()),
                place: Some(parts.uri.path().to_owned()),
                help: Some("leave it out".to_owned()),
            });
        }
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(ApiError {
                status: StatusCode::BAD_REQUEST,
                code: "bad_path",
                message: format!("`{}` is not UTF-8 once its percent signs are decoded", parts.uri.path()),
                place: Some(parts.uri.path().to_owned()),
                help: Some("encode names as UTF-8, for example `%C3%BC` for `ü` and `%2F` for `/`".to_owned()),
            }),
        }
    }
}
