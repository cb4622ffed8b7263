//! Connections: how many there are, and how long each may stay.
//!
//! Who connects and says nothing, who sends a header for ever, who takes no answer: each holds a connection, so each has
//! a limit of its own. A request's body has its limits where it is read (`otlp::body`).

mod pulse;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

use pulse::{Pulse, Watched};

/// How long a client may take to send the head of a request over HTTP/1, from the answer before or the beginning.
const HEAD_AT_MOST: Duration = Duration::from_secs(30);
/// How long any connection may stay without a request.
const IDLE_AT_MOST: Duration = Duration::from_secs(60);
/// How long a connection with a request may stay without a byte in either direction: longer than any request takes.
const STILL_AT_MOST: Duration = Duration::from_secs(300);
/// How often that is looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(5);
/// How long a connection that is asked to end may take.
const ENDING_AT_MOST: Duration = Duration::from_secs(5);
/// How often a silent HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const ASKED_EVERY: Duration = Duration::from_secs(20);
/// Most bytes of the head of a request over HTTP/1, and of what is read at a time of its body. All connections together
/// may hold as many heads that nobody has looked at yet, from clients without a token too.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes of the head of a request over HTTP/2, unpacked.
const HEADER_LIST_BYTES_MAX: u32 = 16 << 10;
/// How many requests one HTTP/2 connection may have under way.
const STREAMS_MAX: u32 = 128;
/// How long shutdown waits for requests that are under way.
const OPEN_REQUESTS_AT_MOST: Duration = Duration::from_secs(2);
/// How long to wait when no connection can be taken, for example because no file can be opened.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// All connections of all listeners.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    places: Arc<Semaphore>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Connections {
    /// At most so many at a time.
    pub(crate) fn new(at_most: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_most.min(Semaphore::MAX_PERMITS)));
        Self { places, stop: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    /// Takes connections until [`Self::stop`].
    pub(crate) fn accept(&self, listener: TcpListener, router: Router) {
        let connections = self.clone();
        self.tasks.spawn(async move {
            let stop = connections.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                never = connections.take_all(listener, router) => match never {},
            }
        });
    }

    async fn take_all(&self, listener: TcpListener, router: Router) -> Infallible {
        loop {
            // Whoever is beyond the limit waits in the queue of the system, which costs us nothing.
            let place = Arc::clone(&self.places).acquire_owned().await.expect("nobody closes it");
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (router, stop) = (router.clone(), self.stop.clone());
                    self.tasks.spawn(async move {
                        serve(stream, router, stop).await;
                        drop(place);
                    });
                }
                Err(trouble) if is_of_the_other_side(&trouble) => {}
                Err(trouble) => {
                    warn!(error = %trouble, "No connection can be taken; trying again");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Takes no more, and lets requests that are under way end, for a moment.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(OPEN_REQUESTS_AT_MOST, self.tasks.wait()).await.is_err() {
            warn!("Stopping without waiting longer for open requests");
        }
    }
}

fn is_of_the_other_side(trouble: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(trouble.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection, HTTP/1 or HTTP/2, to its end.
async fn serve(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Answers are small and are waited for. Where it cannot be set they are late, not wrong.
    let _ = stream.set_nodelay(true);
    let pulse = Pulse::new();
    let io = TokioIo::new(Watched::new(stream, pulse.clone()));
    let requests = pulse.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, open) = (router.clone(), requests.begin());
        async move {
            let request: Request = request.map(Body::new);
            let answered = router.oneshot(request).await;
            answered.map(|response| response.map(|body| Body::new(open.until_the_end_of(body))))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_AT_MOST).max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .keep_alive_interval(ASKED_EVERY)
        .keep_alive_timeout(ASKED_EVERY);
    let mut connection = pin!(builder.serve_connection(io, service));
    let end_reason = tokio::select! {
        ended = connection.as_mut() => {
            if let Err(trouble) = ended {
                debug!(error = %trouble, "A connection broke off");
            }
            return;
        }
        () = stop.cancelled() => None,
        reason = outstays(&pulse) => Some(reason),
    };
    connection.as_mut().graceful_shutdown();
    match end_reason {
        // Shutdown has a limit of its own.
        None => drop(connection.await),
        Some(reason) => {
            debug!(reason, "A connection is ended");
            drop(tokio::time::timeout(ENDING_AT_MOST, connection).await);
        }
    }
}

/// Waits until a connection has been there for too long without being of use, and says why.
async fn outstays(pulse: &Pulse) -> &'static str {
    loop {
        tokio::time::sleep(LOOKED_AT_EVERY).await;
        match (pulse.idle_for(), pulse.still_for()) {
            (Some(idle), _) if idle >= IDLE_AT_MOST => return "no request came",
            (None, still) if still >= STILL_AT_MOST => return "the other side neither sends nor takes",
            (Some(_) | None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    /// A server with room for so many connections, and where it is.
    async fn server(at_most: usize) -> (Connections, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::new(at_most);
        let never = get(|| async { std::future::pending::<&'static str>().await });
        connections.accept(listener, Router::new().route("/", get(|| async { "ok" })).route("/never", never));
        (connections, address)
    }

    /// Sends this and reads until the other side ends the connection.
    async fn sent(address: std::net::SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is cut may end with an error.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn an_answer_keeps_its_length() {
        let (_connections, address) = server(8).await;
        let answer = sent(address, REQUEST).await.to_lowercase();
        assert!(answer.contains("content-length: 2\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
    }

    // The clock of these tests runs ahead whenever everybody waits: nobody is waited for in fact.
    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_or_never_ends_its_head_is_cut() {
        let (_connections, address) = server(8).await;
        for begun in [&b""[..], b"PRI * HT", b"GET / HTTP/1.1\r\nHost: loc"] {
            let began = tokio::time::Instant::now();
            let answer = sent(address, begun).await;
            assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
            let took = began.elapsed();
            assert!(took <= IDLE_AT_MOST + LOOKED_AT_EVERY + ENDING_AT_MOST, "{took:?} after {begun:?}");
        }
    }

    #[tokio::test]
    async fn a_head_is_read_up_to_its_limit_and_refused_there() {
        let (_connections, address) = server(8).await;
        let head = |bytes: usize| {
            let mut head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: ".to_vec();
            head.resize(bytes, b'x');
            head
        };
        let smaller = [&head(HEAD_BYTES_MAX / 2)[..], b"\r\n\r\n"].concat();
        assert!(sent(address, &smaller).await.ends_with("ok"));
        let unfinished = sent(address, &head(HEAD_BYTES_MAX)).await;
        assert!(unfinished.contains(" 431 "), "{unfinished}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_when_all_places_are_taken_waits_for_one() {
        let (_connections, address) = server(2).await;
        let silent = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        assert!(sent(address, REQUEST).await.ends_with("ok"));
        drop(silent);
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_does_not_wait_for_a_request_that_never_ends() {
        let (connections, address) = server(8).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let began = tokio::time::Instant::now();
        connections.stop().await;
        assert!(began.elapsed() <= OPEN_REQUESTS_AT_MOST + Duration::from_millis(10));
    }
}
