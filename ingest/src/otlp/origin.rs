//! Who sends: the columns that all records of one resource and scope have in common.

use std::borrow::Cow;
use std::sync::Arc;

use watchfire_model::ProjectName;

use super::attributes::{Attributes, Without};
use super::embedded::EmbeddedNames;
use super::json::JsonText;
use super::proto::{Malformed, Sender};
use super::text::{cut, non_empty};
use crate::limits::{RESOURCE_BYTES_MAX, TEXT_BYTES_MAX};

/// The columns of a resource, of a scope, and the project. Shared by all their records.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The project that the token belongs to.
    pub project_id: ProjectName,
    /// The scope's name.
    pub otel_scope_name: Option<String>,
    /// The scope's version.
    pub otel_scope_version: Option<String>,
    /// The scope's attributes, a JSON object.
    pub otel_scope_attributes: Option<String>,
    /// The resource's attributes, a JSON object.
    pub otel_resource_attributes: Option<String>,
    /// `service.name`.
    pub service_name: Option<String>,
    /// `service.version`.
    pub service_version: Option<String>,
    /// `service.instance.id`.
    pub service_instance_id: Option<String>,
    /// `service.namespace`.
    pub service_namespace: Option<String>,
    /// `deployment.environment.name`, else `deployment.environment`.
    pub deployment_environment: Option<String>,
    /// `process.pid`.
    pub process_pid: Option<i64>,
    /// `telemetry.sdk.name`.
    pub telemetry_sdk_name: Option<String>,
    /// `telemetry.sdk.language`.
    pub telemetry_sdk_language: Option<String>,
    /// `telemetry.sdk.version`.
    pub telemetry_sdk_version: Option<String>,
}

impl Origin {
    /// Nobody in particular.
    pub(super) fn nobody(project: &ProjectName) -> Self {
        Self {
            project_id: project.clone(),
            otel_scope_name: None,
            otel_scope_version: None,
            otel_scope_attributes: None,
            otel_resource_attributes: None,
            service_name: None,
            service_version: None,
            service_instance_id: None,
            service_namespace: None,
            deployment_environment: None,
            process_pid: None,
            telemetry_sdk_name: None,
            telemetry_sdk_language: None,
            telemetry_sdk_version: None,
        }
    }

    /// What a resource says, with no scope yet.
    pub(super) fn of_resource(
        resource: &[u8],
        project: &ProjectName,
        names: &mut EmbeddedNames,
    ) -> Result<Self, Malformed> {
        let attributes = Sender::resource(resource)?.attributes;
        let column = |names: &[&str]| attributes.column(names).map(Cow::into_owned);
        Ok(Self {
            otel_resource_attributes: json(&attributes, names)?,
            service_name: column(&["service.name"]),
            service_version: column(&["service.version"]),
            service_instance_id: column(&["service.instance.id"]),
            service_namespace: column(&["service.namespace"]),
            deployment_environment: column(&["deployment.environment.name", "deployment.environment"]),
            process_pid: attributes.number(&["process.pid"]),
            telemetry_sdk_name: column(&["telemetry.sdk.name"]),
            telemetry_sdk_language: column(&["telemetry.sdk.language"]),
            telemetry_sdk_version: column(&["telemetry.sdk.version"]),
            ..Self::nobody(project)
        })
    }

    /// The same resource with this scope.
    pub(super) fn with_scope(&self, scope: &[u8], names: &mut EmbeddedNames) -> Result<Self, Malformed> {
        let scope = Sender::scope(scope)?;
        let text = |text: &str| non_empty(text).map(|text| cut(text, TEXT_BYTES_MAX).to_owned());
        Ok(Self {
            otel_scope_name: text(&scope.name),
            otel_scope_version: text(&scope.version),
            otel_scope_attributes: json(&scope.attributes, names)?,
            ..self.clone()
        })
    }

    /// About how many bytes of memory it takes in each row of a table.
    pub(super) fn size_bytes(&self) -> usize {
        let texts = [
            &self.otel_scope_name,
            &self.otel_scope_version,
            &self.otel_scope_attributes,
            &self.otel_resource_attributes,
            &self.service_name,
            &self.service_version,
            &self.service_instance_id,
            &self.service_namespace,
            &self.deployment_environment,
            &self.telemetry_sdk_name,
            &self.telemetry_sdk_language,
            &self.telemetry_sdk_version,
        ];
        let texts = texts.iter().filter_map(|text| text.as_ref()).map(String::len).sum::<usize>();
        self.project_id.as_str().len() + texts
    }
}

/// The origins of one request: what a resource says is read once for all of its scopes.
#[derive(Debug)]
pub(super) struct Origins<'a> {
    project: &'a ProjectName,
    /// The last resource, as it lies in the body, and what it says.
    last: Option<(&'a [u8], Origin)>,
}

impl<'a> Origins<'a> {
    pub(super) const fn of(project: &'a ProjectName) -> Self {
        Self { project, last: None }
    }

    /// What a `Resource` and an `InstrumentationScope` say.
    pub(super) fn origin(
        &mut self,
        resource: &'a [u8],
        scope: &[u8],
        names: &mut EmbeddedNames,
    ) -> Result<Arc<Origin>, Malformed> {
        let known = self.last.take().filter(|(known, _)| std::ptr::eq(*known, resource));
        let of_resource = match known {
            Some((_, origin)) => origin,
            None => Origin::of_resource(resource, self.project, names)?,
        };
        let (_, of_resource) = self.last.insert((resource, of_resource));
        of_resource.with_scope(scope, names).map(Arc::new)
    }
}

fn json(attributes: &Attributes<'_>, names: &mut EmbeddedNames) -> Result<Option<String>, Malformed> {
    if attributes.is_empty() {
        return Ok(None);
    }
    let mut json = JsonText::new(RESOURCE_BYTES_MAX);
    attributes.write(Without::Nothing, names, &mut json, |_, _| {})?;
    Ok(Some(json.as_str().to_owned()))
}
