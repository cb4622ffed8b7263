//! What a mail says, as the bytes that leave and as a reader of mail sees them.

#![expect(clippy::unwrap_used, reason = "tests")]

mod paging;

use insta::assert_snapshot;
use mail_parser::{MessageParser, MimeHeaders};
use paging::Case;
use proptest::prelude::*;
use watchfire_channels::limits::{MAIL_HTML_MAX_BYTES, MAIL_SUBJECT_MAX_CHARS};
use watchfire_channels::message::{ChangeLine, Changes, Fact, Link};
use watchfire_channels::{
    EmailSpec, Message, Presentation, RenderError, SendOutcome, SmtpSpec, SmtpTls, Wire, WireMail, email,
};
use watchfire_model::{ChangeKind, Column, ColumnType, Value};

fn spec() -> EmailSpec {
    EmailSpec {
        smtp: SmtpSpec {
            host: "localhost".into(),
            port: 587,
            tls: SmtpTls::Starttls,
            username: Some("ops".into()),
            password: Some("SECRET-word".into()),
        },
        from: "Watchfire <watchfire@alerts.example.com>".into(),
        to: vec!["Ann <ann@example.com>".into(), "bob@example.com".into()],
    }
}

fn rendered(spec: &EmailSpec, case: &Case, root: Option<&str>, attaches_csv: bool) -> Result<WireMail, RenderError> {
    let presentation = Presentation::default();
    match email::render(spec, &case.message, &case.telling(&presentation, root), attaches_csv)? {
        Wire::Mail(mail) => Ok(mail),
        other => panic!("mail is mail: {other:?}"),
    }
}

fn mail(case: &Case, root: Option<&str>) -> WireMail {
    rendered(&spec(), case, root, false).unwrap()
}

/// The headers as they leave, without those of the parts.
fn head(mail: &WireMail) -> String {
    let text = String::from_utf8(mail.message.clone()).unwrap();
    text.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n")
}

/// Subject and text part as a reader shows them.
fn read(mail: &WireMail) -> String {
    let parsed = MessageParser::default().parse(&mail.message).unwrap();
    format!("Subject: {}\n\n{}", parsed.subject().unwrap(), parsed.body_text(0).unwrap().replace("\r\n", "\n"))
}

fn html(mail: &WireMail) -> String {
    let parsed = MessageParser::default().parse(&mail.message).unwrap();
    parsed.body_html(0).unwrap().replace("\r\n", "\n")
}

#[test]
fn the_headers_say_who_what_and_that_a_machine_wrote_it() {
    assert_snapshot!(head(&mail(&paging::firing(), None)), @r##"
    From: Watchfire <watchfire@alerts.example.com>
    To: Ann <ann@example.com>, bob@example.com
    Date: Fri, 20 Nov 2026 06:00:30 +0000
    Message-ID: <nt_1f97135003dbe770da1ae3a69d938823@alerts.example.com>
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    List-Id: <error-rate.default.watchfire.alerts.example.com>
    X-Alert-Id: th_d446147005cb5c0de1a0d17dd7fd5e0e
    Importance: high
    Subject: [critical] error-rate: checkout
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="=_nt_1f97135003dbe770da1ae3a69d938823_alternative"
    "##);
}

#[test]
fn a_start_as_text() {
    assert_snapshot!(read(&mail(&paging::firing(), None)), @r##"
    Subject: [critical] error-rate: checkout

    FIRING (critical): error-rate: checkout
    3 rows over the limit (err_pct > 5 %) for 5 m

    Value: 7.41 (limit err_pct > 5)
    Firing since: 05:55 UTC (5 m)

    service   route       err_pct     req
    --------  ----------  -------  ------
    checkout  POST /pay      7.41  18,204
    checkout  POST /cart     6.02   9,771
    gateway   GET /quote     5.38  44,120

    Open alert: https://alerts.example.com/alerts/error-rate
    Runbook: https://wiki.example.com/rb/err-rate

    error-rate · every 1m · window 05:45–06:00 UTC
    "##);
}

#[test]
fn a_start_as_a_page() {
    assert_snapshot!(html(&mail(&paging::firing(), None)), @r##"
    <!doctype html>
    <html><head><meta charset="utf-8"></head><body style="margin:0;padding:16px;font:14px/1.4 -apple-system,Segoe UI,Roboto,Arial,sans-serif;color:#101828">
    <div style="display:none;max-height:0;overflow:hidden">FIRING (critical) · 3 rows over the limit (err_pct &gt; 5 %) for 5 m</div>
    <table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td style="border-left:4px solid #D92D20;padding-left:12px"><b style="color:#D92D20">🔴 FIRING (critical)</b><br><span style="font-size:18px">error-rate: checkout</span></td></tr></table>
    <p>3 rows over the limit (err_pct &gt; 5 %) for 5 m</p>
    <table role="presentation" cellpadding="2" cellspacing="0" style="margin:12px 0">
    <tr><td style="padding-right:16px;color:#667085">Value</td><td>7.41 (limit err_pct &gt; 5)</td></tr>
    <tr><td style="padding-right:16px;color:#667085">Firing since</td><td>05:55 UTC (5 m)</td></tr>
    </table>
    <table cellpadding="6" cellspacing="0" style="border-collapse:collapse;border:1px solid #EAECF0"><thead><tr style="background:#F9FAFB"><th align="left">service</th><th align="left">route</th><th align="right">err_pct</th><th align="right">req</th></tr></thead><tbody>
    <tr><td align="left">checkout</td><td align="left">POST /pay</td><td align="right">7.41</td><td align="right">18,204</td></tr>
    <tr><td align="left">checkout</td><td align="left">POST /cart</td><td align="right">6.02</td><td align="right">9,771</td></tr>
    <tr><td align="left">gateway</td><td align="left">GET /quote</td><td align="right">5.38</td><td align="right">44,120</td></tr>
    </tbody></table>
    <p><a href="https://alerts.example.com/alerts/error-rate">Open alert</a> · <a href="https://wiki.example.com/rb/err-rate">Runbook</a></p>
    <p style="color:#667085;font-size:12px">error-rate · every 1m · window 05:45–06:00 UTC</p>
    </body></html>
    "##);
}

#[test]
fn an_end_replies_to_its_start() {
    let root = mail(&paging::firing(), None).remote;
    let end = mail(&paging::resolved(), Some(&root));
    assert_snapshot!(format!("{}\n\n{}", head(&end), read(&end)), @r##"
    From: Watchfire <watchfire@alerts.example.com>
    To: Ann <ann@example.com>, bob@example.com
    Date: Fri, 20 Nov 2026 06:00:30 +0000
    Message-ID: <nt_dc0574e217ef0ca459e56695113ca485@alerts.example.com>
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    List-Id: <error-rate.default.watchfire.alerts.example.com>
    X-Alert-Id: th_d446147005cb5c0de1a0d17dd7fd5e0e
    Subject: Re: [critical] error-rate: checkout
    In-Reply-To: <nt_1f97135003dbe770da1ae3a69d938823@alerts.example.com>
    References: <nt_1f97135003dbe770da1ae3a69d938823@alerts.example.com>
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="=_nt_dc0574e217ef0ca459e56695113ca485_alternative"

    Subject: Re: [critical] error-rate: checkout

    RESOLVED after 23 m: error-rate: checkout
    Peak 9.80, last value 1.12 (limit err_pct > 5)

    Open alert: https://alerts.example.com/alerts/error-rate
    Runbook: https://wiki.example.com/rb/err-rate

    error-rate · every 1m · window 05:45–06:00 UTC
    "##);
}

#[test]
fn changed_rows() {
    assert_snapshot!(read(&mail(&paging::rows_changed(), None)), @r##"
    Subject: [warning] error-rate

    CHANGED (warning): error-rate
    2 added, 1 removed, 2 changed (now 4 rows, was 3)

    + gateway · POST /order 8.90
    - checkout · POST /cart 6.02
    ~ search · GET /q · err_pct: 5.77 → 6.10
    showing 3 of 5 changes

    Open alert: https://alerts.example.com/alerts/error-rate
    Runbook: https://wiki.example.com/rb/err-rate

    error-rate · every 1m · window 05:45–06:00 UTC
    "##);
}

#[test]
fn an_engine_that_cannot_see_and_sees_again() {
    let (trouble, recovered) = (mail(&paging::trouble(), None), mail(&paging::recovered(), None));
    assert_snapshot!(format!("{}\n\n{}", read(&trouble), read(&recovered)), @r##"
    Subject: [engine] error-rate cannot be evaluated

    CANNOT EVALUATE: error-rate cannot be evaluated
    3 runs failed since 05:52 UTC. State UNKNOWN, not OK.

    resources exhausted: the query needs 3.1 GB, more than the 2.0 GB that it may use

    Open alert: https://alerts.example.com/alerts/error-rate
    Runbook: https://wiki.example.com/rb/err-rate

    error-rate · every 1m · window 05:45–06:00 UTC


    Subject: [engine] error-rate can be evaluated again

    RECOVERED: error-rate can be evaluated again
    It failed for 9 m

    Open alert: https://alerts.example.com/alerts/error-rate
    Runbook: https://wiki.example.com/rb/err-rate

    error-rate · every 1m · window 05:45–06:00 UTC
    "##);
}

#[test]
fn missing_data() {
    assert_snapshot!(read(&mail(&paging::no_data(), None)), @r##"
    Subject: [no data] error-rate

    NO DATA (warning): error-rate
    records holds no row between 05:45 and 06:00 UTC

    Open alert: https://alerts.example.com/alerts/error-rate
    Runbook: https://wiki.example.com/rb/err-rate

    error-rate · every 1m · window 05:45–06:00 UTC
    "##);
}

#[test]
fn a_test() {
    assert_snapshot!(read(&mail(&paging::test(), None)), @r##"
    Subject: [test] Test message from Watchfire

    TEST: Test message from Watchfire
    Nothing is wrong. The channel works.

    Watchfire
    "##);
}

/// The report with the columns and rows that its file is made of.
fn report_with_rows() -> Case {
    let mut case = paging::report();
    let column = |name: &str, kind| Column { name: name.to_owned(), kind };
    case.notification.columns = vec![column("model", ColumnType::String), column("cost_usd", ColumnType::Float)];
    case.notification.rows = vec![
        vec![Value::String("gpt-x".into()), Value::Float(2100.5)],
        vec![Value::String("=cmd()".into()), Value::Float(-1.5)],
        vec![Value::String("größe, \"groß\"".into()), Value::Null],
    ];
    case.notification.row_count = 200;
    case
}

#[test]
fn a_report_has_its_rows_as_a_file_that_no_spreadsheet_runs() {
    let mail = rendered(&spec(), &report_with_rows(), None, true).unwrap();
    let parsed = MessageParser::default().parse(&mail.message).unwrap();
    let file = parsed.attachment(0).unwrap();
    assert_eq!((parsed.attachment_count(), file.attachment_name()), (1, Some("llm-cost-daily-2026-11-20.csv")));
    let csv = String::from_utf8(file.contents().to_vec()).unwrap();
    assert_eq!(csv, "\u{feff}model,cost_usd\r\ngpt-x,2100.5\r\n'=cmd(),-1.5\r\n\"größe, \"\"groß\"\"\",\r\n");
    assert_snapshot!(read(&mail), @r##"
    Subject: LLM cost Thu 19 Nov 2026: $3,439.00 (+9.6 %)

    REPORT: LLM cost Thu 19 Nov 2026: $3,439.00 (+9.6 %)
    Total $3,439.00, the day before $3,138.20

    model    calls  cost_usd
    ------  ------  --------
    gpt-x   12,044  2,100.50
    =cmd()   8,102  1,338.50
    größe       12
    total   20,158  3,439.00
    showing 3 of 200 rows

    llm-cost-daily · daily at 09:00 Europe/Berlin

    Attached: the first 3 of 200 rows as CSV.
    "##);
}

#[test]
fn a_mail_is_the_same_at_each_attempt_but_for_its_date() {
    let (case, presentation) = (paging::firing(), Presentation::default());
    let at = |attempt: &str| {
        let telling =
            watchfire_channels::Telling { attempted_at: paging::at(attempt), ..case.telling(&presentation, None) };
        let Wire::Mail(mail) = email::render(&spec(), &case.message, &telling, true).unwrap() else { panic!("mail") };
        let text = String::from_utf8(mail.message).unwrap();
        (text.lines().filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n"), mail.remote)
    };
    assert_eq!(at("2026-11-20T06:00:01Z"), at("2026-11-20T09:30:00Z"));
}

#[test]
fn a_preview_has_the_envelope_and_the_message_and_no_password() {
    let preview = mail(&paging::test(), None).preview();
    let start =
        "MAIL FROM:<watchfire@alerts.example.com>\nRCPT TO:<ann@example.com>\nRCPT TO:<bob@example.com>\n\nFrom: ";
    assert!(preview.starts_with(start), "{preview}");
    assert!(!preview.contains("SECRET-word") && !format!("{:?}", mail(&paging::test(), None)).contains("SECRET-word"));
}

#[test]
fn a_definition_without_receivers_or_with_a_wrong_one_is_a_mistake() {
    let to = |to: &[&str]| EmailSpec { to: to.iter().map(|&text| text.to_owned()).collect(), ..spec() };
    let many: Vec<String> = (0..101).map(|number| format!("a{number}@example.com")).collect();
    for (spec, words) in [
        (to(&[]), "the mail has 0 receivers, expected 1 to 100"),
        (EmailSpec { to: many, ..spec() }, "the mail has 101 receivers, expected 1 to 100"),
        (to(&["ann"]), "this is no mail address (expected `name@domain` or `Name <name@domain>`)"),
        (
            to(&["a@b.example\r\nBcc: c@d.example"]),
            "this is no mail address (it holds a line break or another control character)",
        ),
    ] {
        let error = rendered(&spec, &paging::firing(), None, false).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.outcome()), (words, SendOutcome::Config));
    }
    let twice = rendered(&to(&["ann@example.com", "Ann <ann@example.com>"]), &paging::firing(), None, false).unwrap();
    assert_eq!(twice.to, ["ann@example.com"]);
}

fn any_text() -> impl Strategy<Value = String> {
    let nasty =
        (proptest::sample::select(&paging::NASTY[..]), 1_usize..300).prop_map(|(text, times)| text.repeat(times));
    prop_oneof![any::<String>(), nasty]
}

fn any_message() -> impl Strategy<Value = Message> {
    let texts = (any_text(), any_text(), any_text(), any_text());
    (texts, 1_usize..60, 0_usize..60).prop_map(|((state, title, text, error), columns, many)| {
        let row = vec![text.as_str(); columns];
        Message {
            state,
            title,
            summary: text.clone(),
            facts: vec![Fact { name: text.clone(), value: error.clone(), at: None }; many],
            table: Some(paging::table(&row, &vec![&row[..]; many], 431)),
            changes: Some(Changes {
                lines: vec![ChangeLine { kind: ChangeKind::Removed, text: text.clone() }; many],
                total: 1_000,
            }),
            error: Some(error),
            links: vec![Link { label: text.clone(), url: format!("javascript:{text}") }; many.min(20)],
            footer: vec![text],
            ..paging::firing().message
        }
    })
}

/// A word that a subject keeps: no control, no blank, and none of the marks and letters that nobody sees.
const WORD: &str =
    "[^\\p{C}\\p{Z}=\\x{34F}\\x{115F}\\x{1160}\\x{17B4}\\x{17B5}\\x{3164}\\x{FFA0}\\x{E0100}-\\x{E01EF}]{1,20}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_message_is_a_sound_mail_within_every_limit(message in any_message()) {
        let case = Case { message, ..paging::firing() };
        let mail = mail(&case, None);
        prop_assert!(mail.message.is_ascii());
        prop_assert!(mail.message.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        let parsed = MessageParser::default().parse(&mail.message).unwrap();
        prop_assert!(parsed.bcc().is_none());
        prop_assert_eq!((parsed.text_body_count(), parsed.html_body_count(), parsed.attachment_count()), (1, 1, 0));
        let subject = parsed.subject().unwrap();
        prop_assert!(subject.chars().count() <= MAIL_SUBJECT_MAX_CHARS && subject.starts_with("[critical]"), "{}", subject);
        let html = parsed.body_html(0).unwrap();
        prop_assert!(html.len() <= MAIL_HTML_MAX_BYTES, "{}", html.len());
        prop_assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("href=\"javascript"));
        prop_assert!(html.trim_end().ends_with("</html>"));
    }

    #[test]
    fn any_subject_arrives_as_it_was(words in proptest::collection::vec(WORD, 1..=5)) {
        let title = words.join(" ");
        let mut case = paging::firing();
        case.message.title.clone_from(&title);
        let mail = mail(&case, None);
        let parsed = MessageParser::default().parse(&mail.message).unwrap();
        prop_assert_eq!(parsed.subject().unwrap(), format!("[critical] {title}"));
    }
}
