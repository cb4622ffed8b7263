//! What a mail server's words mean.

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp;

use crate::classify::{Scope, SendOutcome};
use crate::limits::{MAIL_PARTIAL_ROUNDS_MAX, MAIL_RETRY_AFTER};

/// How far the talk with the server had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Until the server has greeted.
    Connect,
    /// While the connection changes to TLS.
    Tls,
    /// Name and password.
    Login,
    /// Our own address.
    From,
    /// The receivers' addresses.
    To,
    /// The wish to hand over the mail.
    Data,
    /// From the mail's first byte on: what happened to it is unknown without an answer.
    Body,
}

impl Stage {
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Tls => "changing to TLS",
            Self::Login => "logging in",
            Self::From => "naming the sender",
            Self::To => "naming the receivers",
            Self::Data => "handing over the mail",
            Self::Body => "waiting for the mail to be taken",
        }
    }
}

/// Why a talk ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    stage: Stage,
    /// The server's code, when it gave one.
    pub(super) code: Option<u16>,
    cause: Cause,
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The server's own words.
    Reply,
    /// Its certificate is not believed.
    Certificate,
    /// What the definition asks for cannot be done with this server.
    Own,
    /// The connection broke, or nobody answered.
    Network,
}

impl Fault {
    /// What an error of the library says.
    pub(super) fn of(stage: Stage, error: &smtp::Error) -> Self {
        let code = error.status().and_then(|code| code.to_string().parse().ok());
        let cause = if code.is_some() {
            Cause::Reply
        } else if is_about_certificate(error) {
            Cause::Certificate
        } else if error.is_client() || error.is_tls() {
            Cause::Own
        } else {
            Cause::Network
        };
        let words = match (code, error.source()) {
            (Some(code), Some(source)) => format!("{code} {source}"),
            _ => error.to_string(),
        };
        Self { stage, code, cause, words }
    }

    /// What cannot be done as the definition wants it.
    pub(super) fn own(stage: Stage, words: &str) -> Self {
        Self { stage, code: None, cause: Cause::Own, words: words.to_owned() }
    }

    /// Nobody answered.
    pub(super) fn silence(stage: Stage, waited: Duration) -> Self {
        let words = format!("no answer within {} s", waited.as_secs_f64());
        Self { stage, code: None, cause: Cause::Network, words }
    }

    /// What it means for the delivery.
    pub(super) fn outcome(&self) -> SendOutcome {
        match (self.code, self.cause) {
            // The server is busy, or put us off before it heard of anybody: that is not about this mail.
            (Some(400..=499), _) => match self.stage {
                Stage::Connect | Stage::Tls | Stage::Login | Stage::From => later(Scope::Channel),
                Stage::To | Stage::Data | Stage::Body if self.code == Some(421) => later(Scope::Channel),
                Stage::To | Stage::Data | Stage::Body => later(Scope::Message),
            },
            // Wrong credentials, or none where they are demanded, at whatever step it is said.
            (Some(530 | 534 | 535 | 538), _) => SendOutcome::Config,
            // Too large for this server.
            (Some(552), _) => SendOutcome::Payload,
            (Some(_), _) => match self.stage {
                // It wants nothing from us: our address or our machine, which is in the definition.
                Stage::Connect | Stage::Tls | Stage::Login | Stage::From => SendOutcome::Config,
                Stage::To | Stage::Data | Stage::Body => SendOutcome::Payload,
            },
            // A certificate that has expired or is not known mends itself no more than a wrong password does:
            // somebody has to hear of it, and the channel's probes go on until it is mended.
            (None, Cause::Certificate | Cause::Own) => SendOutcome::Config,
            (None, Cause::Reply | Cause::Network) => match self.stage {
                Stage::Body => SendOutcome::Unknown,
                Stage::Connect | Stage::Tls | Stage::Login | Stage::From | Stage::To | Stage::Data => {
                    SendOutcome::Transient
                }
            },
        }
    }

    /// The fault in words.
    pub(super) fn told(&self) -> String {
        format!("{}: {}", self.stage.words(), self.words)
    }
}

/// The server does not take it now. Greylisting wants some minutes to pass.
const fn later(scope: Scope) -> SendOutcome {
    SendOutcome::Throttled { after: Some(MAIL_RETRY_AFTER), scope }
}

fn is_about_certificate(error: &smtp::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        let carried = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = carried.and_then(|carried| carried.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(_)) = tls.or_else(|| inner.downcast_ref()) {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// What becomes of one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Has the mail from an earlier attempt.
    Known,
    /// The server takes mail for it.
    Taken,
    /// Perhaps later.
    Later(String),
    /// Never.
    Dead(String),
}

impl Fate {
    /// The fate behind a refusal; what is no reply to this receiver alone ends the talk.
    pub(super) fn of(fault: Fault) -> Result<Self, Fault> {
        match fault.code {
            // The server hangs up.
            Some(421) | None => Err(fault),
            Some(530 | 534 | 535 | 538) => Err(fault),
            Some(400..=499) => Ok(Self::Later(fault.words)),
            Some(_) => Ok(Self::Dead(fault.words)),
        }
    }

    /// The address, when its owner has the mail now.
    pub(super) fn has_it(&self, address: &str) -> Option<String> {
        match self {
            Self::Known | Self::Taken => Some(address.to_owned()),
            Self::Later(_) | Self::Dead(_) => None,
        }
    }
}

/// What all fates together mean, once the server took the mail for those whom it knows.
///
/// The mail is through when nobody is left to wait for: who is dead is told in words. When every
/// receiver is dead, this mail will never arrive. Once somebody has it, the others are waited for in
/// a few rounds only: the end of the episode, which stands behind this mail, must reach those who know of it.
pub(super) fn sum(fates: &[(String, Fate)], remote: &str, rounds: u32) -> SendOutcome {
    let any = |of: fn(&Fate) -> bool| fates.iter().any(|(_, fate)| of(fate));
    let somebody_has_it = any(|fate| matches!(fate, Fate::Known | Fate::Taken));
    let is_patient = !somebody_has_it || rounds < MAIL_PARTIAL_ROUNDS_MAX;
    if is_patient && any(|fate| matches!(fate, Fate::Later(_))) {
        later(Scope::Message)
    } else if somebody_has_it {
        SendOutcome::Sent { remote: Some(remote.to_owned()) }
    } else {
        SendOutcome::Payload
    }
}

/// The fates in words: what the server said last, then each receiver whom it refused.
pub(super) fn told(fates: &[(String, Fate)], last: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !last.is_empty() {
        lines.push(last.to_owned());
    }
    for (address, fate) in fates {
        match fate {
            Fate::Known | Fate::Taken => {}
            Fate::Later(words) => lines.push(format!("not yet for {address}: {words}")),
            Fate::Dead(words) => lines.push(format!("not for {address}: {words}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [Stage; 7] =
        [Stage::Connect, Stage::Tls, Stage::Login, Stage::From, Stage::To, Stage::Data, Stage::Body];

    fn outcomes(code: Option<u16>, cause: Cause) -> Vec<&'static str> {
        let fault = |stage| Fault { stage, code, cause, words: String::new() };
        STAGES.iter().map(|stage| fault(*stage).outcome().as_str()).collect()
    }

    #[test]
    fn each_code_has_its_meaning_at_each_stage() {
        for code in [421, 450, 451, 452, 454] {
            assert_eq!(outcomes(Some(code), Cause::Reply), ["throttled"; 7], "{code}");
        }
        for code in [530, 534, 535, 538] {
            assert_eq!(outcomes(Some(code), Cause::Reply), ["config"; 7], "{code}");
        }
        for code in [500, 501, 550, 551, 553, 554] {
            let expected = ["config", "config", "config", "config", "payload", "payload", "payload"];
            assert_eq!(outcomes(Some(code), Cause::Reply), expected, "{code}");
        }
        assert_eq!(outcomes(Some(552), Cause::Reply), ["payload"; 7]);
        let silent = ["transient", "transient", "transient", "transient", "transient", "transient", "unknown"];
        assert_eq!(outcomes(None, Cause::Network), silent);
        assert_eq!(outcomes(None, Cause::Certificate), ["config"; 7]);
        assert_eq!(outcomes(None, Cause::Own), ["config"; 7]);
    }

    #[test]
    fn a_mail_put_off_waits_five_minutes() {
        for scope in [Scope::Message, Scope::Channel] {
            assert_eq!(later(scope), SendOutcome::Throttled { after: Some(Duration::from_mins(5)), scope });
        }
    }

    #[test]
    fn a_mail_is_through_when_nobody_is_left_to_wait_for() {
        let (known, taken) = (Fate::Known, Fate::Taken);
        let (later, dead) = (Fate::Later(String::new()), Fate::Dead(String::new()));
        for (fates, word) in [
            (vec![&taken, &taken], "sent"),
            (vec![&taken, &dead], "sent"),
            (vec![&known, &dead], "sent"),
            (vec![&known, &taken], "sent"),
            (vec![&taken, &later], "throttled"),
            (vec![&later, &dead], "throttled"),
            (vec![&dead, &dead], "payload"),
        ] {
            let fates: Vec<(String, Fate)> = fates.into_iter().map(|fate| (String::new(), fate.clone())).collect();
            assert_eq!(sum(&fates, "", 1).as_str(), word, "{fates:?}");
            // Whoever has it is not kept waiting for the end by those who do not.
            let has_it = fates.iter().any(|(_, fate)| matches!(fate, Fate::Known | Fate::Taken));
            let late = if has_it { "sent" } else { word };
            assert_eq!(sum(&fates, "", MAIL_PARTIAL_ROUNDS_MAX).as_str(), late, "{fates:?}");
        }
    }
}
