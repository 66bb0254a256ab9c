//! Randomness as a parameter, so that a test can be replayed from its seed.

use std::sync::Mutex;

use aws_lc_rs::digest;

/// Gives random bytes.
pub trait Rng: Send + Sync + 'static {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no key, token or identifier can be made: there is nothing to go on with.
        #[expect(
            clippy::expect_used,
            reason = "an operating system without randomness is fatal"
        )]
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// Bytes that follow from a seed: SHA-256 in counter mode. For tests, never for keys that matter.
#[derive(Debug)]
pub struct SeededRng {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededRng {
    /// Starts at the beginning of the seed's sequence.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: Mutex::new(0),
        }
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        let mut counter = self
            .counter
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        for chunk in bytes.chunks_mut(digest::SHA256_OUTPUT_LEN) {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&counter.to_be_bytes());
            *counter += 1;
            let block = digest::digest(&digest::SHA256, &input);
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}
