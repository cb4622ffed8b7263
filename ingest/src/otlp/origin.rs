//! Who sends: the columns that all records of one resource and scope have in common.

use std::sync::Arc;

use watchfire_model::ProjectName;

use super::attributes::{Attributes, Without};
use super::embedded::EmbeddedNames;
use super::json::JsonText;
use super::proto::{Malformed, Sender};
use super::text::{cut, non_empty};
use crate::limits::{RESOURCE_BYTES_MAX, TEXT_BYTES_MAX};

/// The columns of a resource, of a scope, and the project. Shared by all their records; the texts of a resource
/// also by all of its scopes, of which a small request may have a great many.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The project that the token belongs to.
    pub project_id: ProjectName,
    /// The scope's name.
    pub otel_scope_name: Option<Arc<str>>,
    /// The scope's version.
    pub otel_scope_version: Option<Arc<str>>,
    /// The scope's attributes, a JSON object.
    pub otel_scope_attributes: Option<Arc<str>>,
    /// The resource's attributes, a JSON object.
    pub otel_resource_attributes: Option<Arc<str>>,
    /// `service.name`.
    pub service_name: Option<Arc<str>>,
    /// `service.version`.
    pub service_version: Option<Arc<str>>,
    /// `service.instance.id`.
    pub service_instance_id: Option<Arc<str>>,
    /// `service.namespace`.
    pub service_namespace: Option<Arc<str>>,
    /// `deployment.environment.name`, else `deployment.environment`.
    pub deployment_environment: Option<Arc<str>>,
    /// `process.pid`.
    pub process_pid: Option<i64>,
    /// `telemetry.sdk.name`.
    pub telemetry_sdk_name: Option<Arc<str>>,
    /// `telemetry.sdk.language`.
    pub telemetry_sdk_language: Option<Arc<str>>,
    /// `telemetry.sdk.version`.
    pub telemetry_sdk_version: Option<Arc<str>>,
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
        let column = |names: &[&str]| attributes.column(names).map(|text| Arc::from(&*text));
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
        let text = |text: &str| non_empty(text).map(|text| Arc::from(cut(text, TEXT_BYTES_MAX)));
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
        let texts = texts.iter().filter_map(|text| text.as_deref()).map(str::len).sum::<usize>();
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

fn json(attributes: &Attributes<'_>, names: &mut EmbeddedNames) -> Result<Option<Arc<str>>, Malformed> {
    if attributes.is_empty() {
        return Ok(None);
    }
    let mut json = JsonText::new(RESOURCE_BYTES_MAX);
    attributes.write(Without::Nothing, names, &mut json, |_, _| {})?;
    Ok(Some(Arc::from(json.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use prost::Message;

    #[test]
    fn the_scopes_of_a_resource_share_its_texts() {
        let service = KeyValue {
            key: "service.name".to_owned(),
            value: Some(AnyValue { value: Some(Value::StringValue("shop".to_owned())) }),
            ..KeyValue::default()
        };
        let resource = Resource { attributes: vec![service], ..Resource::default() }.encode_to_vec();
        let project = ProjectName::new("default");
        let (mut origins, mut names) = (Origins::of(&project), EmbeddedNames::default());
        let [first, second] = ["a", "b"].map(|name| {
            let scope = InstrumentationScope { name: name.to_owned(), ..InstrumentationScope::default() };
            origins.origin(&resource, &scope.encode_to_vec(), &mut names).unwrap()
        });
        assert_ne!(first.otel_scope_name, second.otel_scope_name);
        let shared = |text: fn(&Origin) -> &Option<Arc<str>>| {
            text(&first).as_ref().zip(text(&second).as_ref()).is_some_and(|(first, second)| Arc::ptr_eq(first, second))
        };
        assert!(shared(|origin| &origin.otel_resource_attributes));
        assert!(shared(|origin| &origin.service_name));
    }
}
