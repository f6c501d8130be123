//! Every fault that the emulator knows, on every wire, asked for by the model's name as other processes ask for it.

use crate::kit::{Outcome, config, quick, request};
use emulator::Emulator;
use llm::{ErrorKind, Finish, Kind, Limits, ProviderConfig, Providers};
use std::time::Duration;

/// Every wire: its kind, what stands before the model's name so that it is asked on it, and the path of its address.
const WIRES: [(Kind, &str, &str); 6] = [
    (Kind::OpenAi, "", ""),
    (Kind::OpenAi, "gpt-5-pro:", ""),
    (Kind::OpenRouter, "", "/api"),
    (Kind::Ollama, "", ""),
    (Kind::Gemini, "", ""),
    (Kind::Anthropic, "", ""),
];

const WHOLE: &str = "token0 token1 token2 token3 ";
const HALF: &str = "token0 token1 ";

fn start(emulator: &Emulator, (kind, _, path): (Kind, &str, &str), limits: &Limits) -> Providers {
    let base_url = format!("{}{path}", emulator.base_url()).parse().unwrap();
    let config = ProviderConfig { base_url, ..config(emulator, kind) };
    Providers::with_limits(vec![config], Limits { attempts: 1, ..limits.clone() }).unwrap()
}

async fn ask(providers: &Providers, wire: (Kind, &str, &str), name: &str) -> Outcome {
    Outcome::of(providers.default().stream(request(&format!("{}{name}", wire.1)))).await
}

#[tokio::test]
async fn what_only_looks_odd_is_an_answer_on_every_wire() {
    let emulator = Emulator::start().await;
    for wire in WIRES {
        let providers = start(&emulator, wire, &quick());
        for (way, finish) in [
            ("chunk-1", Finish::Stop),
            ("chunk-3", Finish::Stop),
            ("crlf+chunk-2", Finish::Stop),
            ("comments", Finish::Stop),
            ("noise+chunk-7", Finish::Stop),
            ("no-usage", Finish::Stop),
            ("whole", Finish::Stop),
            ("length", Finish::Length),
            ("filter", Finish::ContentFilter),
        ] {
            let outcome = ask(&providers, wire, &format!("tokens-4+{way}")).await;
            assert_eq!((outcome.text.as_str(), outcome.finish), (WHOLE, Some(finish)), "{wire:?} {way}");
            let usage = outcome.usage.unwrap();
            // Anthropic's wire cannot leave the count out, and a whole answer has it on every wire.
            assert_eq!(usage.estimated, way == "no-usage" && wire.0 != Kind::Anthropic, "{wire:?} {way}");
        }
    }
}

#[tokio::test]
async fn what_breaks_off_keeps_its_text_on_every_wire() {
    let emulator = Emulator::start().await;
    for wire in WIRES {
        let providers = start(&emulator, wire, &quick());
        for (fault, text, kinds) in [
            ("fault-cut-after-2", HALF, &[ErrorKind::Interrupted][..]),
            ("fault-abort-after-2", HALF, &[ErrorKind::Interrupted]),
            ("fault-reset-after-2", "", &[ErrorKind::Interrupted]),
            // Each wire has its own word for a provider that breaks.
            ("fault-error-after-2", HALF, &[ErrorKind::Unavailable, ErrorKind::Overloaded]),
            ("fault-json-after-2", HALF, &[ErrorKind::Overloaded]),
            ("no-finish+no-end-mark", WHOLE, &[ErrorKind::Interrupted]),
        ] {
            let outcome = ask(&providers, wire, &format!("tokens-4+{fault}")).await;
            assert!(kinds.contains(&outcome.kind()), "{wire:?} {fault}: {outcome:?}");
            // A reset may overtake what was sent before it.
            assert!(
                outcome.text == text || (text.is_empty() && HALF.starts_with(&outcome.text)),
                "{wire:?} {fault}: {outcome:?}"
            );
        }
        let outcome = ask(&providers, wire, "tokens-4+no-end-mark").await;
        // Responses say why they end only with the mark, and Anthropic never leaves it out; on the others the reason is
        // enough.
        let needs_mark = !wire.1.is_empty() || wire.0 == Kind::Anthropic;
        let expected = if needs_mark { (None, Some(ErrorKind::Interrupted)) } else { (Some(Finish::Stop), None) };
        let ended = (outcome.finish, outcome.error.map(|error| error.kind()));
        assert_eq!((outcome.text.as_str(), ended), (WHOLE, expected), "{wire:?}");
    }
}

#[tokio::test]
async fn what_falls_silent_is_a_timeout_on_every_wire() {
    let emulator = Emulator::start().await;
    let short = Duration::from_millis(300);
    for wire in WIRES {
        let providers = start(&emulator, wire, &Limits { idle: short, ..quick() });
        let outcome = ask(&providers, wire, "tokens-4+fault-hang-after-2").await;
        assert_eq!((outcome.text.as_str(), outcome.kind()), (HALF, ErrorKind::Timeout), "{wire:?}");
        let providers = start(&emulator, wire, &Limits { first_token: short, ..quick() });
        let outcome = ask(&providers, wire, "tokens-4+fault-hang").await;
        assert_eq!((outcome.text.as_str(), outcome.kind()), ("", ErrorKind::Timeout), "{wire:?}");
    }
}

#[tokio::test]
async fn statuses_are_kinds_on_every_wire() {
    let emulator = Emulator::start().await;
    for wire in WIRES {
        let providers = start(&emulator, wire, &quick());
        for (fault, kind) in [
            ("400", ErrorKind::BadRequest),
            ("401", ErrorKind::Authentication),
            ("402", ErrorKind::Quota),
            ("403", ErrorKind::Authentication),
            ("404", ErrorKind::BadRequest),
            ("408", ErrorKind::Timeout),
            ("413", ErrorKind::ContextLength),
            ("429", ErrorKind::RateLimited),
            ("500", ErrorKind::Unavailable),
            ("502", ErrorKind::Unavailable),
            ("503", ErrorKind::Overloaded),
            ("504", ErrorKind::Timeout),
            ("529", ErrorKind::Overloaded),
            ("context", ErrorKind::ContextLength),
            ("200-json", ErrorKind::Unavailable),
            ("html", ErrorKind::Protocol),
        ] {
            let outcome = ask(&providers, wire, &format!("fault-{fault}")).await;
            assert_eq!((outcome.text.as_str(), outcome.kind()), ("", kind), "{wire:?} {fault}: {outcome:?}");
            let wait = outcome.error.unwrap().retry_after();
            assert_eq!(wait.is_some(), matches!(fault, "429" | "503"), "{wire:?} {fault}");
        }
    }
}
