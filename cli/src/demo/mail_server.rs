//! A mail server on this machine that takes every mail and keeps none: the demo's stand-in.

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

/// The longest line that SMTP knows, and then some.
const LINE_MAX_BYTES: u64 = 4_096;
/// More than any mail of ours has.
const MAIL_MAX_BYTES: usize = 16 * 1024 * 1024;

/// One mail with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) message: Vec<u8>,
}

/// Takes mail until dropped; every mail is sent to `taken` before it is acknowledged.
pub(crate) async fn serve(listener: TcpListener, taken: UnboundedSender<Mail>) -> anyhow::Result<()> {
    let mut sessions = JoinSet::new();
    loop {
        let (connection, _) = listener.accept().await.context("the demo's mail server")?;
        // A session that breaks off has taken no mail that it did not hand on; its client tries again.
        sessions.spawn(session(connection, taken.clone()));
        while sessions.try_join_next().is_some() {}
    }
}

async fn session(connection: TcpStream, taken: UnboundedSender<Mail>) -> std::io::Result<()> {
    let (reading, mut writing) = connection.into_split();
    let mut lines = BufReader::new(reading);
    writing.write_all(b"220 watchfire-demo ESMTP\r\n").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut line = String::new();
        if (&mut lines).take(LINE_MAX_BYTES).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let upper = line.trim_end().to_ascii_uppercase();
        let reply: &[u8] = if upper.starts_with("EHLO") || upper.starts_with("HELO") {
            b"250-watchfire-demo\r\n250 8BITMIME\r\n"
        } else if upper.starts_with("MAIL FROM:") {
            from = address(&line);
            to.clear();
            b"250 2.1.0 ok\r\n"
        } else if upper.starts_with("RCPT TO:") {
            to.push(address(&line));
            b"250 2.1.5 ok\r\n"
        } else if upper == "DATA" {
            writing.write_all(b"354 go on\r\n").await?;
            let message = message(&mut lines).await?;
            // Whoever looks at the mails may have seen enough and gone; the client shall not notice.
            let _ = taken.send(Mail { from: std::mem::take(&mut from), to: std::mem::take(&mut to), message });
            b"250 2.0.0 taken\r\n"
        } else if upper == "QUIT" {
            return writing.write_all(b"221 2.0.0 bye\r\n").await;
        } else if upper == "RSET" || upper == "NOOP" {
            b"250 2.0.0 ok\r\n"
        } else {
            b"502 5.5.1 not here\r\n"
        };
        writing.write_all(reply).await?;
    }
}

/// What stands between the angle brackets.
fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}

/// Everything up to the line with a single dot.
async fn message(lines: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).await? == 0 || message.len() > MAIL_MAX_BYTES {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.as_slice() {
            b".\r\n" | b".\n" => return Ok(message),
            // A dot at the start of a line was doubled on its way.
            [b'.', rest @ ..] => message.extend_from_slice(rest),
            whole => message.extend_from_slice(whole),
        }
    }
}
