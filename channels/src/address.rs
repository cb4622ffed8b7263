//! What may be shown of an address: many hold a token in their path or query.

use url::Url;
use watchfire_model::Fingerprint;

/// The address as people may see it: `https://hooks.example.com/… (3f9a)`.
///
/// Scheme, host and port, then the first four characters of a hash of the whole address,
/// by which two addresses at one host are told apart. Never user, password, path or query.
pub fn masked_address(address: &str) -> String {
    let parsed = Url::parse(address.trim()).ok();
    let mut hash = Fingerprint::builder("address/1");
    // Two spellings of one address have one mark.
    hash.text(parsed.as_ref().map_or(address.trim(), Url::as_str));
    let mark: String = hash.finish().as_str().chars().take(4).collect();
    match parsed.as_ref().and_then(|url| Some((url, url.host_str()?))) {
        Some((url, host)) => {
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            format!("{}://{host}{port}/… ({mark})", url.scheme())
        }
        None => format!("no address ({mark})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_its_host_and_a_mark_and_nothing_else() {
        let shown = masked_address("https://user:pa55@Hooks.Example.com:8443/services/T0/SECRET?key=SECRET#SECRET");
        assert!(shown.starts_with("https://hooks.example.com:8443/… ("), "{shown}");
        assert_eq!(shown.chars().count(), "https://hooks.example.com:8443/… (abcd)".chars().count());
        for secret in ["user", "pa55", "SECRET", "T0", "services"] {
            assert!(!shown.contains(secret), "{shown} shows {secret}");
        }
    }

    #[test]
    fn two_addresses_at_one_host_are_told_apart_and_the_mark_is_stable() {
        assert_ne!(masked_address("https://a.example/1"), masked_address("https://a.example/2"));
        assert_eq!(masked_address("https://a.example/1"), masked_address("https://a.example/1\n"));
        assert_eq!(masked_address("HTTPS://A.example:443"), masked_address("https://a.example/"));
    }

    #[test]
    fn what_is_no_address_is_not_shown_at_all() {
        for text in ["SECRET", "", "mailto:SECRET@example.com", "https://", "data:SECRET"] {
            let shown = masked_address(text);
            assert!(shown.starts_with("no address (") && !shown.contains("SECRET"), "{shown}");
        }
    }
}
