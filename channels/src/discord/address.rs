//! The address that a message is posted to.

use url::Url;

/// The webhook's address with `wait=true`, without which Discord says neither what it called the message nor
/// that it lost it, and with the thread, if there is one. The rest of the query stays as it is written.
pub(super) fn posting(url: &Url, thread_id: Option<&str>) -> Url {
    let is_ours = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        name == "wait" || name == "thread_id" && thread_id.is_some()
    };
    let query = url.query().unwrap_or_default();
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_ours(pair)).collect();
    pairs.push("wait=true");
    let mut posting = url.clone();
    posting.set_query(Some(&pairs.join("&")));
    if let Some(thread_id) = thread_id {
        posting.query_pairs_mut().append_pair("thread_id", thread_id.trim());
    }
    posting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_waited_for_and_the_query_stays() {
        for (url, thread_id, posted) in [
            ("https://d.example/w/1/t", None, "https://d.example/w/1/t?wait=true"),
            ("https://d.example/w/1/t?wait=false", None, "https://d.example/w/1/t?wait=true"),
            ("https://d.example/w/1/t?thread_id=5", None, "https://d.example/w/1/t?thread_id=5&wait=true"),
            ("https://d.example/w/1/t?thread_id=5", Some("7"), "https://d.example/w/1/t?wait=true&thread_id=7"),
            (
                "https://d.example/w/1/t?a=%20b&c",
                Some("7&x"),
                "https://d.example/w/1/t?a=%20b&c&wait=true&thread_id=7%26x",
            ),
        ] {
            assert_eq!(posting(&Url::parse(url).unwrap(), thread_id).as_str(), posted);
        }
    }
}
