//! Panics of Automerge's decoders, caught and kept quiet. Panics of any other thread print as ever.

use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

use super::Unsafe;

/// How much of a panic's message is kept, in characters: it may quote the bytes that caused it.
const REASON_CHARS_MAX: usize = 200;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, turning a panic into [`Unsafe::Panicked`] without printing it.
///
/// The panic hook is the process's, so one is put in front of it, once, that is silent on a thread which is in here and
/// passes everything else on. Whoever sets another hook later loses the silence and nothing else.
pub(super) fn catch<T>(work: impl FnOnce() -> Result<T, Unsafe> + UnwindSafe) -> Result<T, Unsafe> {
    static HOOK: Once = Once::new();
    // The hook cannot be changed from a thread that is unwinding already.
    if !std::thread::panicking() {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !QUIET.try_with(Cell::get).unwrap_or(false) {
                    before(info);
                }
            }));
        });
    }
    let outer = QUIET.replace(true);
    let outcome = panic::catch_unwind(work);
    QUIET.set(outer);
    outcome.unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("without a message");
        Err(Unsafe::Panicked {
            reason: shorten(message),
        })
    })
}

/// The beginning of a message that came from outside.
pub(super) fn shorten(message: &str) -> String {
    message.chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_reason_and_the_thread_speaks_again_afterwards() {
        let caught = catch(|| -> Result<(), Unsafe> { panic!("decoder said {}", "no") });
        assert_eq!(
            caught,
            Err(Unsafe::Panicked {
                reason: "decoder said no".into()
            })
        );
        assert!(!QUIET.get(), "the silence ends with the work");
    }

    #[test]
    fn only_the_guarded_thread_is_silent_and_only_while_it_is_guarded() {
        let seen = catch(|| {
            let other = std::thread::scope(|scope| scope.spawn(|| QUIET.get()).join());
            Ok((QUIET.get(), other.expect("the other thread looked")))
        });
        assert_eq!(seen, Ok((true, false)));
        // One inside another does not end the silence of the outer.
        let nested = catch(|| {
            let _ = catch(|| -> Result<(), Unsafe> { panic!("inside") });
            Ok(QUIET.get())
        });
        assert_eq!(nested, Ok(true));
        assert!(!QUIET.get());
    }

    #[test]
    fn a_long_message_is_cut() {
        let caught = catch(|| -> Result<(), Unsafe> { panic!("{}", "长".repeat(10_000)) });
        let Err(Unsafe::Panicked { reason }) = caught else {
            panic!("not caught")
        };
        assert_eq!(reason.chars().count(), REASON_CHARS_MAX);
    }
}
