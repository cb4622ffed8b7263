//! `watchfire projects`: for each project what to paste into senders, with the real tokens.

use std::net::IpAddr;

use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use watchfire_config::{ProjectDefinition, ServerSettings};
use watchfire_model::TokenScope;

use super::serve::{LISTEN_DEFAULT, listen_of};
use crate::arguments::{Output, Projects};
use crate::definitions;
use crate::exit::Exit;
use crate::output;
use crate::trouble;

/// Stands for a token where none is needed: senders insist on one.
const NO_TOKEN_NEEDED: &str = "local";

pub(crate) fn run(options: Projects, form: Output) -> anyhow::Result<Exit> {
    let loaded = definitions::load(&options.config.config)?;
    if loaded.has_errors() {
        definitions::print_problems(&loaded);
        return Ok(Exit::No);
    }
    let projects = &loaded.definitions.projects;
    let server = &loaded.definitions.settings.server;
    let base = match base_url(options.url.as_deref(), options.listen.as_deref(), server) {
        Ok(base) => base,
        Err(listen) => {
            let message = format!("the server listens on {listen}, which is no address that senders can be given");
            let help = "give `--url`, or `server.public_url` in watchfire.yaml: where senders reach the server";
            trouble::tell(form, "no_address", &message, Some(help));
            return Ok(Exit::CouldNotRun);
        }
    };
    let has_tokens = projects.iter().any(|project| !project.values.is_empty());
    let shown: Vec<Json> = projects.iter().map(|project| as_json(project, &base, has_tokens)).collect();
    match form {
        Output::Json => output::json(&Json::Array(shown))?,
        Output::Text => shown.iter().try_for_each(|project| output::line(&as_text(project)))?,
    }
    Ok(Exit::Fine)
}

/// Where senders reach the server: the flag, the public address, else where it listens; `Err` with what that is when
/// nobody could send there.
fn base_url(url: Option<&str>, listen: Option<&str>, server: &ServerSettings) -> Result<String, String> {
    let public = || server.public_url.as_ref().map(ToString::to_string);
    if let Some(base) = url.map(str::to_owned).or_else(public) {
        return Ok(base.trim_end_matches('/').to_owned());
    }
    let listen = listen_of(listen, server).unwrap_or(LISTEN_DEFAULT);
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_every_address = host.is_empty() || host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
    let is_any_port = port.parse() == Ok(0_u16);
    if is_every_address || is_any_port { Err(listen.to_owned()) } else { Ok(format!("http://{listen}")) }
}

fn as_json(definition: &ProjectDefinition, base: &str, has_tokens: bool) -> Json {
    let project = &definition.project;
    let tokens = project.tokens.iter().zip(&definition.values);
    let listed: Vec<Json> = tokens
        .clone()
        .map(
            |(token, value)| json!({"name": token.name, "scope": token.scope.as_str(), "value": value.expose_secret()}),
        )
        .collect();
    let write = tokens.clone().find(|(token, _)| token.scope == TokenScope::Write);
    let write = write.map(|(_, value)| value.expose_secret());
    // What a sender holds should open nothing but sending, so an admin's token is no substitute.
    let write = write.or_else(|| (!has_tokens && project.name.as_str() == "default").then_some(NO_TOKEN_NEEDED));
    let paste = |make: &dyn Fn(&str) -> Json| write.map_or(Json::Null, make);
    json!({
        "name": project.name.as_str(),
        "id": project.id,
        "organization": project.organization,
        "tokens": listed,
        "logfire": paste(&|token| json!({"LOGFIRE_TOKEN": token, "LOGFIRE_BASE_URL": base})),
        "opentelemetry": paste(&|token| json!({
            "OTEL_EXPORTER_OTLP_ENDPOINT": base,
            "OTEL_EXPORTER_OTLP_HEADERS": format!("Authorization={}", percent_encoded(token)),
        })),
        "sentry_dsn": paste(&|token| sentry_dsn(base, token, project.id).into()),
    })
}

/// `http://TOKEN@HOST/ID`.
fn sentry_dsn(base: &str, token: &str, id: u32) -> String {
    let (scheme, host) = base.split_once("://").unwrap_or(("http", base));
    format!("{scheme}://{}@{host}/{id}", percent_encoded(token))
}

/// A token where `,`, `=`, `@` and blanks mean something else: all but letters, digits and `-._~`.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn as_text(project: &Json) -> String {
    let text = |value: &Json| output::cell(value);
    let mut lines = vec![format!(
        "project {} (id {}, organization {})",
        text(&project["name"]),
        text(&project["id"]),
        text(&project["organization"])
    )];
    for token in project["tokens"].as_array().into_iter().flatten() {
        lines.push(format!("  {} token {}: {}", text(&token["scope"]), text(&token["name"]), text(&token["value"])));
    }
    if project["sentry_dsn"].is_null() {
        lines.push("  nothing can be sent to it: give it a token with `scope: write`".to_owned());
    }
    for (title, key) in [("Logfire SDK", "logfire"), ("OpenTelemetry SDK", "opentelemetry")] {
        let variables = project[key].as_object();
        lines.extend(variables.map(|_| format!("  {title}")));
        for (name, value) in variables.into_iter().flatten() {
            lines.push(format!("    export {name}='{}'", text(value).replace('\'', r"'\''")));
        }
    }
    if !project["sentry_dsn"].is_null() {
        lines.push(format!("  Sentry SDK\n    export SENTRY_DSN='{}'", text(&project["sentry_dsn"])));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use watchfire_model::{Project, ProjectName, Token, TokenHash};

    use super::*;

    fn project(tokens: &[(&str, TokenScope)]) -> ProjectDefinition {
        let token = |(value, scope): &(&str, TokenScope)| Token {
            name: scope.to_string(),
            scope: *scope,
            hash: TokenHash::of(value.as_bytes()),
        };
        ProjectDefinition {
            project: Project {
                name: ProjectName::new("shop"),
                id: 7,
                organization: "acme".to_owned(),
                tokens: tokens.iter().map(token).collect(),
            },
            values: tokens.iter().map(|(value, _)| SecretString::from(*value)).collect(),
        }
    }

    #[test]
    fn what_is_pasted_holds_the_token_to_write_with_and_no_other() {
        let tokens = [("admin-admin-admin", TokenScope::Admin), ("a,b=c d/e@f 012345", TokenScope::Write)];
        let shown = as_json(&project(&tokens), "https://fire.example.com", true);
        assert_eq!(shown["sentry_dsn"], "https://a%2Cb%3Dc%20d%2Fe%40f%20012345@fire.example.com/7");
        assert_eq!(shown["logfire"]["LOGFIRE_TOKEN"], "a,b=c d/e@f 012345");
        assert_eq!(
            shown["opentelemetry"]["OTEL_EXPORTER_OTLP_HEADERS"],
            "Authorization=a%2Cb%3Dc%20d%2Fe%40f%20012345"
        );
        let none = as_json(&project(&tokens[..1]), "https://fire.example.com", true);
        assert!(none["logfire"].is_null() && none["opentelemetry"].is_null() && none["sentry_dsn"].is_null());
        assert!(as_text(&none).contains("scope: write"));
    }

    #[test]
    fn senders_are_sent_to_the_flag_else_the_public_address_else_where_it_listens() {
        let public = ServerSettings { public_url: "https://fire.example.com/".parse().ok(), ..Default::default() };
        let listening = ServerSettings { listen: Some("127.0.0.1:9".to_owned()), ..Default::default() };
        let of = |url, listen, server| base_url(url, listen, server).unwrap();
        assert_eq!(of(Some("http://other:1/"), Some("127.0.0.1:8"), &public), "http://other:1");
        assert_eq!(of(None, Some("0.0.0.0:8"), &public), "https://fire.example.com");
        assert_eq!(of(None, Some("127.0.0.1:8"), &listening), "http://127.0.0.1:8");
        assert_eq!(of(None, None, &listening), "http://127.0.0.1:9");
        assert_eq!(of(None, None, &ServerSettings::default()), "http://127.0.0.1:4318");
        for nowhere in ["0.0.0.0:4318", "[::]:4318", "127.0.0.1:0"] {
            assert_eq!(base_url(None, Some(nowhere), &listening), Err(nowhere.to_owned()));
        }
    }
}
