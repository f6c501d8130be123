//! The program: its exit codes, what it says, and what a kill leaves behind.

use crate::support::{PASSWORD, Program, Setup, on_both, text};
use emulator::{Gate, Script};
use serde_json::json;
use sqlx::{AnyConnection, Connection as _};
use std::{process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The exit code, standard output and standard error of a command that is given `input`.
async fn run(mut command: Command, input: &str) -> (i32, String, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

async fn lia(setup: &Setup, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = setup.command();
    command.args(arguments);
    run(command, input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_mean_something() {
    on_both(async |setup| {
        let (code, out, _) = lia(&setup, &["config", "check"], "").await;
        assert_eq!(code, 0);
        assert!(out.starts_with("The configuration is good.") && !out.contains("a secret of"), "{out}");
        assert_eq!(lia(&setup, &["migrate"], "").await.0, 0);
        assert_eq!(lia(&setup, &["migrate"], "").await.0, 0, "again is fine");
        assert_eq!(lia(&setup, &["dance"], "").await.0, 2);
        let (code, out, _) = lia(&setup, &["--help"], "").await;
        assert!(code == 0 && out.contains("LIA_PUBLIC_URL") && out.contains("Exit codes"), "{out}");

        let setup = setup.with("PORT", "http").with("JWT_SECRET_KEY", "hunter22");
        let (code, _, error) = lia(&setup, &["serve"], "").await;
        assert_eq!(code, 78);
        assert_eq!(
            error,
            "lia: the configuration is wrong:\n\
             PORT: found \"http\"; allowed: a port from 0 to 65535\n\
             JWT_SECRET_KEY: found 8 characters; allowed: at least 32 characters, chosen at random\n"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_are_made_at_the_prompt() {
    on_both(async |setup| {
        let create = ["admin", "create", "--email", "root@example.com", "--username", "root"];
        let (code, out, error) = lia(&setup, &create, &format!("{PASSWORD}\n")).await;
        assert_eq!((code, out.as_str()), (0, "root is an admin.\n"), "{error}");
        let (code, _, error) = lia(&setup, &create, "short\n").await;
        assert_eq!(code, 1);
        assert!(error.contains("Use at least 8 characters."), "{error}");
        let (code, _, error) = lia(&setup, &["admin", "promote", "--email", "ada@example.com"], "").await;
        assert_eq!(code, 1);
        assert!(error.contains("There is no account with this address."), "{error}");

        let app = setup.start_program().await;
        let login = json!({ "email": "root@example.com", "password": PASSWORD });
        let user = app.stranger().post("/api/v1/auth/login", &login).await.ok()["user"].clone();
        assert_eq!((&user["username"], &user["role"]), (&json!("root"), &json!("admin")));
        let ada = app.stranger().register("ada").await;
        assert_eq!(ada.get("/api/v1/auth/me").await.ok()["role"], "user");
        let (code, log) = app.terminate().await;
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains(PASSWORD) && !log.contains("@example.com") && !log.contains(ada.token()), "{log}");
    })
    .await;
}

/// Returns once the log of the runs, which is written a few times a second, holds `text`.
async fn wait_for_log(app: &Program, text: &str) {
    sqlx::any::install_default_drivers();
    let setup = app.setup();
    let file = format!("sqlite:{}/lia.db", setup.variable("LIA_DATA_DIR").unwrap());
    let mut connection = AnyConnection::connect(setup.variable("DATABASE_URL").unwrap_or(&file)).await.unwrap();
    let query = "select count(*) from run_log where cast(events as text) like $1";
    loop {
        let found: i64 = sqlx::query_scalar(query).bind(format!("%{text}%")).fetch_one(&mut connection).await.unwrap();
        if found > 0 {
            return;
        }
        // Another process writes it: there is no event to wait for but the row itself.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_kill_cuts_off_is_written_to_its_end_after_the_start() {
    on_both(async |setup| {
        let app = setup.start_program().await;
        let ada = app.stranger().register("ada").await;
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three").gate(2, &gate));
        let mut events = ada.send("Count to three.", "echo").await;
        let start = events.expect("start").await.data;
        gate.reached().await;
        wait_for_log(&app, "two").await;

        app.emulator.script(Script::text("three"));
        let app = app.kill_and_start().await;
        let ada = app.stranger().with_token(ada.token());
        let run = start["run_id"].as_str().unwrap();
        let told = ada.follow(run, None).await.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), ("one two three", "done"));
        let path = format!("/api/v1/chat/conversation/{}", start["conversation_id"].as_str().unwrap());
        let messages = ada.get(&path).await.ok()["messages"].clone();
        assert_eq!(messages[0]["content"], "Count to three.");
        assert_eq!((&messages[1]["content"], &messages[1]["status"]), (&json!("one two three"), &json!("complete")));

        let request = json!({
            "message": "Go on.", "provider": "openai", "model": "echo", "conversation_id": start["conversation_id"]
        });
        assert_eq!(ada.stream(&request).await.rest().await.last().unwrap().name, "done", "the conversation goes on");
        assert_eq!(app.terminate().await.0, Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_a_lia_that_serves_leaves_her_answers_alone() {
    on_both(async |setup| {
        let app = setup.start_program().await;
        let ada = app.stranger().register("ada").await;
        let gate = Gate::new();
        app.emulator.script(Script::text("one two three").gate(2, &gate));
        let mut events = ada.send("Count to three.", "echo").await;
        events.expect("start").await;
        gate.reached().await;

        let create = ["admin", "create", "--email", "root@example.com", "--username", "root"];
        let (code, _, error) = lia(app.setup(), &create, &format!("{PASSWORD}\n")).await;
        // One process to a file: on SQLite the command has to say so.
        match app.setup().variable("DATABASE_URL") {
            Some(_) => assert_eq!(code, 0, "{error}"),
            None => assert!(code == 1 && error.contains("another Lia is running on it"), "{error}"),
        }
        gate.open();
        let told = events.rest().await;
        assert_eq!((text(&told).as_str(), told.last().unwrap().name.as_str()), ("one two three", "done"));
    })
    .await;
}
