//! The turns that everybody takes who only wants to look.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::Error;

/// How many look at once. Fewer than the store has connections to read with: the others belong to evaluations.
const LOOKING_AT_ONCE: usize = 2;

/// How long a look may take, the wait for its turn included.
const LOOK_AT_MOST: Duration = Duration::from_secs(10);

/// Lets a few look at a time, each for a limited time.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(LOOKING_AT_ONCE))
    }
}

impl Turns {
    /// Waits for a turn and looks.
    pub(crate) async fn pass<T, E: Into<Error>>(&self, look: impl Future<Output = Result<T, E>>) -> Result<T, Error> {
        let in_turn = async {
            let _turn = self.0.acquire().await.expect("nobody closes it");
            look.await.map_err(Into::into)
        };
        match tokio::time::timeout(LOOK_AT_MOST, in_turn).await {
            Ok(seen) => seen,
            Err(_) => Err(Error::StoreSilent { waited: LOOK_AT_MOST }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn only_a_few_look_at_once_and_the_next_when_one_is_done() {
        let turns = Arc::new(Turns::default());
        let (begun, mut beginnings) = tokio::sync::mpsc::unbounded_channel();
        let (done, ending) = tokio::sync::watch::channel(false);
        for number in 0..=LOOKING_AT_ONCE {
            let (turns, begun, mut ending) = (Arc::clone(&turns), begun.clone(), ending.clone());
            let look = async move {
                turns
                    .pass(async move {
                        begun.send(number).expect("the test listens");
                        ending.wait_for(|done| *done).await.expect("the test says when");
                        Ok::<_, Error>(())
                    })
                    .await
            };
            #[expect(clippy::disallowed_methods, reason = "the test waits for what it asks for")]
            drop(tokio::spawn(look));
        }
        for _ in 0..LOOKING_AT_ONCE {
            beginnings.recv().await.expect("as many as may begin");
        }
        assert!(beginnings.try_recv().is_err(), "the others wait");
        done.send(true).expect("they look");
        beginnings.recv().await.expect("then it is their turn");
    }
}
