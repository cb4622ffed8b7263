//! Who sends: the columns that all records of one resource and scope have in common.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use watchfire_model::ProjectName;

use super::attributes::Attributes;
use super::json::JsonText;
use super::text::{cut_owned, non_empty};
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
    /// What a resource says, with no scope yet.
    pub(super) fn of_resource(resource: Option<&Resource>, project: &ProjectName) -> Self {
        let attributes = Attributes::of(resource.map_or(&[], |resource| &resource.attributes));
        Self {
            project_id: project.clone(),
            otel_scope_name: None,
            otel_scope_version: None,
            otel_scope_attributes: None,
            otel_resource_attributes: json(&attributes),
            service_name: attributes.column(&["service.name"]),
            service_version: attributes.column(&["service.version"]),
            service_instance_id: attributes.column(&["service.instance.id"]),
            service_namespace: attributes.column(&["service.namespace"]),
            deployment_environment: attributes.column(&["deployment.environment.name", "deployment.environment"]),
            process_pid: attributes.number(&["process.pid"]),
            telemetry_sdk_name: attributes.column(&["telemetry.sdk.name"]),
            telemetry_sdk_language: attributes.column(&["telemetry.sdk.language"]),
            telemetry_sdk_version: attributes.column(&["telemetry.sdk.version"]),
        }
    }

    /// The same resource with this scope.
    pub(super) fn with_scope(&self, scope: Option<&InstrumentationScope>) -> Self {
        let text = |text: &str| non_empty(text).map(|text| cut_owned(text, TEXT_BYTES_MAX));
        Self {
            otel_scope_name: scope.and_then(|scope| text(&scope.name)),
            otel_scope_version: scope.and_then(|scope| text(&scope.version)),
            otel_scope_attributes: scope.and_then(|scope| json(&Attributes::of(&scope.attributes))),
            ..self.clone()
        }
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

fn json(attributes: &Attributes<'_>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut json = JsonText::new(RESOURCE_BYTES_MAX);
    attributes.write_all(&mut json);
    Some(json.into_string())
}
