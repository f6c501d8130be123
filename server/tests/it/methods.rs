//! The methods that ask somebody: the model that answers, a second call, and Google.

use crate::sentiment::{ANSWER, SECOND_CALL, detail, reading, send};
use crate::support::{TestApp, on_both, text};
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use emulator::{Gate, Script};
use serde_json::json;
use std::time::{Duration, Instant};

fn structured(response: &str) -> String {
    let answer = json!({
        "response": response,
        "sentiment": {"score": -0.4, "label": "Negative", "emotion": "sadness", "confidence": 0.9},
        "whole": {"score": -0.3, "label": "Negative", "emotion": "neutral", "summary": "Misses \"home\"."},
    });
    answer.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn structured_shows_the_words_and_keeps_what_the_model_read() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let words = "Grüße 😀, \"quoted\"\nand\\on.";
        let gate = Gate::new();
        app.emulator.script(Script::text(structured(words)).chunks(3).gate(1, &gate));
        let request = json!({
            "message": "I miss home.", "provider": "openai", "model": "echo", "sentiment_method": "structured"
        });
        let mut events = ada.stream(&request).await;
        let start = events.expect("start").await;
        gate.reached().await;
        let (so_far, _) = events.text_of(1).await;
        assert!(words.starts_with(&so_far), "the words grow while the JSON is unfinished: {so_far:?}");
        gate.open();
        let mut told = vec![start];
        told.extend(events.rest().await);
        assert_eq!(format!("{so_far}{}", text(&told)), words);
        let heard = reading(&told);
        assert_eq!(
            heard,
            json!({
                "message": {
                    "score": -0.4, "label": "Negative", "emotion": "sadness", "confidence": 0.9,
                    "method": "structured", "fallback": false
                },
                "cumulative": {
                    "score": -0.3, "label": "Negative", "emotion": null, "summary": "Misses \"home\".", "count": 1
                }
            })
        );
        let stored = detail(&ada, &told).await;
        assert_eq!(stored["messages"][1]["content"], words);
        assert_eq!(stored["sentiment"], heard["cumulative"]);
        let asked = app.emulator.requests().last().unwrap().body.clone();
        assert_eq!(asked["response_format"]["type"], "json_schema");

        app.emulator.script(Script::text(structured("Again.")));
        let told = send(&ada, "Still.", "structured", Some(&told[0].data["conversation_id"])).await;
        assert_eq!((text(&told).as_str(), &reading(&told)["cumulative"]["count"]), ("Again.", &json!(2)));
        let asked = app.emulator.requests().last().unwrap().body.to_string();
        assert!(asked.contains("Misses") && asked.contains("-0.3"), "what was known goes in: {asked}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_model_writes_its_reader_gets_text() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let fenced = format!("Sure!\n```json\n{}\n```\nBye.", structured("Hi."));
        let cases = [
            (fenced.as_str(), "Hi.", false),
            ("Hi there.", "Hi there.", true),
            ("{\"response\": \"Hi \"you\"", "Hi \"you", true),
            ("{\"response\": \"Hi.\", \"sentiment\": {\"score\": \"NaN\"}}", "Hi.", true),
            ("{\"name\": 1}", "{\"name\": 1}", true),
        ];
        for (written, shown, fallback) in cases {
            app.emulator.script(Script::text(written));
            let told = send(&ada, "Hello!", "structured", None).await;
            assert_eq!(text(&told), shown, "{written}");
            assert_eq!(reading(&told)["message"]["fallback"], fallback, "{written}");
        }
        // One that cannot be asked for JSON is asked for words.
        app.emulator.script(Script::failure(400));
        app.emulator.script(Script::text(ANSWER));
        let told = send(&ada, "Hello!", "structured", None).await;
        assert_eq!((text(&told).as_str(), &reading(&told)["message"]["fallback"]), (ANSWER, &json!(true)));
        let request =
            json!({ "message": "Hi.", "provider": "offline", "model": "companion", "sentiment_method": "structured" });
        let told = ada.stream(&request).await.rest().await;
        assert_eq!(reading(&told)["message"]["fallback"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_up_to_the_words_is_never_shown() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let written = "{\"sentiment\": {\"score\": 0.7, \"emotion\": \"joy\"}, \"response\": \"All is well.\"}";
        // Its provider breaks off before the first word, and is asked once more as if nothing had been said.
        app.emulator.script(Script::text(written).abort(4));
        app.emulator.script(Script::text(written));
        let told = send(&ada, "Hello!", "structured", None).await;
        assert_eq!(text(&told), "All is well.");
        assert_eq!(reading(&told)["message"]["method"], "structured");
        let stored = detail(&ada, &told).await;
        assert_eq!(stored["messages"][1]["content"], "All is well.");
        assert_eq!(stored["messages"][1]["model_info"].get("seams"), None, "nothing was gone on with");

        // Stopped before the first word.
        let gate = Gate::new();
        app.emulator.script(Script::text(written).gate(4, &gate));
        let request =
            json!({ "message": "Hi.", "provider": "openai", "model": "echo", "sentiment_method": "structured" });
        let mut events = ada.stream(&request).await;
        let start = events.expect("start").await;
        gate.reached().await;
        let stop = format!("/api/v1/chat/runs/{}/stop", start.data["run_id"].as_str().unwrap());
        assert_eq!(ada.post(&stop, &json!(null)).await.status, 204);
        let mut told = vec![start];
        told.extend(events.rest().await);
        assert_eq!((text(&told).as_str(), &told.last().unwrap().data["finish_reason"]), ("", &json!("stopped")));
        assert_eq!(detail(&ada, &told).await["messages"][1]["content"], "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_call_reads_beside_the_answer() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let written = "Here it is:\n```json\n{\"sentiment\": {\"score\": 2, \"emotion\": \"Joy\", \"confidence\": 1}, \
                       \"whole\": {\"score\": 0.5, \"summary\": \"Happy.\"}}\n```";
        app.emulator.script(Script::text(written).asked_for(SECOND_CALL));
        app.emulator.script(Script::text(ANSWER));
        let told = send(&ada, "I won!", "llm_separate", None).await;
        assert_eq!(text(&told), ANSWER);
        let heard = reading(&told);
        assert_eq!(
            heard["message"],
            json!({
                "score": 1.0, "label": "Positive", "emotion": "joy", "confidence": 1.0, "method": "llm_separate",
                "fallback": false
            })
        );
        assert_eq!(heard["cumulative"]["summary"], "Happy.");
        let requests = app.emulator.requests();
        let second = requests.iter().find(|request| request.body.to_string().contains(SECOND_CALL)).unwrap();
        assert_eq!((&second.body["temperature"], second.body["max_tokens"].is_number()), (&json!(0.1), true));

        for script in [Script::text("I would say rather happy."), Script::failure(401)] {
            app.emulator.script(script.asked_for(SECOND_CALL));
            app.emulator.script(Script::text(ANSWER));
            let told = send(&ada, "I won!", "llm_separate", None).await;
            let heard = reading(&told);
            assert_eq!((&heard["message"]["method"], &heard["message"]["fallback"]), (&json!("local"), &json!(true)));
        }
        let request =
            json!({ "message": "Hi.", "provider": "offline", "model": "companion", "sentiment_method": "llm_separate" });
        assert_eq!(reading(&ada.stream(&request).await.rest().await)["message"]["fallback"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_does_not_come_holds_nothing_back() {
    on_both(async |setup| {
        let app = setup.with("GOOGLE_NL_API_KEY", "key").start().await;
        let ada = app.register("ada").await;
        // The provider falls silent behind the words of the answer, and in the middle of the reading: five and eight words.
        let spaced = structured(ANSWER).replace("\",\"sentiment\":{", "\" , \"sentiment\": { ");
        let second_call = |mark: &str| Some(Script::text("").hang_at_once().asked_for(mark));
        for (method, answer, beside) in [
            ("local", Script::text(ANSWER), None),
            ("llm_separate", Script::text(ANSWER), second_call(SECOND_CALL)),
            ("nlp_api", Script::text(ANSWER), second_call("analyzeSentiment")),
            ("structured", Script::text(&spaced).hang(5), None),
            ("structured", Script::text(&spaced).hang(8), None),
        ] {
            if let Some(script) = beside {
                app.emulator.script(script);
            }
            app.emulator.script(answer);
            let request =
                json!({ "message": "Fine.", "provider": "openai", "model": "echo", "sentiment_method": method });
            let mut events = ada.stream(&request).await;
            events.expect("start").await;
            let at_once = if method == "local" { Some(events.expect("sentiment").await.data) } else { None };
            let (all, _) = events.text_of(ANSWER.len()).await;
            let last_chunk = Instant::now();
            assert_eq!(all, ANSWER);
            let heard = match at_once {
                Some(heard) => heard,
                None => events.expect("sentiment").await.data,
            };
            events.expect("done").await;
            let waited = last_chunk.elapsed();
            // Two seconds, and what a busy machine adds.
            assert!(waited < Duration::from_secs(3), "{method}: {waited:?}");
            assert_eq!(heard["message"]["method"], "local");
            assert_eq!(heard["message"]["fallback"], method != "local", "{method}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_reads_with_a_key_or_a_service_account() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.register("ada").await;
        let told = send(&ada, "I am glad.", "nlp_api", None).await;
        assert_eq!(reading(&told)["message"]["fallback"], true, "nobody has configured it");

        let app = app.restart_with("GOOGLE_NL_API_KEY", "a-key").await;
        let ada = app.stranger().with_token(ada.token());
        let told = send(&ada, "I am glad.", "nlp_api", None).await;
        let expected = json!({
            "score": 0.6, "label": "Positive", "emotion": null, "confidence": 0.8, "method": "nlp_api",
            "fallback": false
        });
        assert_eq!(reading(&told)["message"], expected);
        let requests = app.emulator.requests();
        let asked = requests.iter().find(|request| request.path.contains("analyzeSentiment")).unwrap();
        assert_eq!((asked.path.as_str(), asked.header("x-goog-api-key")), ("/v2/documents:analyzeSentiment", "a-key"));
        assert_eq!(asked.body["document"], json!({"type": "PLAIN_TEXT", "content": "I am glad."}));
        assert_eq!(asked.header("x-goog-user-project"), "", "a key has its own");

        let strange = json!({"documentSentiment": {"score": "high"}}).to_string();
        for script in [Script::failure(503), Script::status(200, strange)] {
            app.emulator.script(script.asked_for("analyzeSentiment"));
            let told = send(&ada, "I am glad.", "nlp_api", None).await;
            assert_eq!(reading(&told)["message"]["fallback"], true);
        }

        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let key = BASE64_STANDARD.encode(der.as_ref());
        let account = json!({
            "type": "service_account", "project_id": "feelings", "client_email": "lia@example.com",
            "private_key": format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
            "token_uri": format!("{}/token", app.emulator.base_url()),
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("account.json");
        std::fs::write(&file, account.to_string()).unwrap();
        let app = app.restart_with("GOOGLE_NL_API_KEY", "").await;
        let app = app.restart_with("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap()).await;
        let ada = app.stranger().with_token(ada.token());
        for _ in 0..2 {
            assert_eq!(reading(&send(&ada, "I am glad.", "nlp_api", None).await)["message"], expected);
        }
        let asked_by_account = |app: &TestApp, project| {
            let requests = app.emulator.requests();
            let asked = requests.iter().rfind(|request| request.path.contains("analyzeSentiment")).unwrap();
            assert_eq!(asked.header("authorization"), "Bearer emulated-token");
            assert_eq!(asked.header("x-goog-user-project"), project);
        };
        // Whose project it is, the account's role must allow to say; of its own nothing need be said.
        asked_by_account(&app, "");
        let app = app.restart_with("GOOGLE_CLOUD_PROJECT", "feelings").await;
        let ada = app.stranger().with_token(ada.token());
        assert_eq!(reading(&send(&ada, "I am glad.", "nlp_api", None).await)["message"], expected);
        asked_by_account(&app, "feelings");
    })
    .await;
}
