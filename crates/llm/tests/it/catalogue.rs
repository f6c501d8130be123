//! The set of providers and their lists of models.

use crate::{
    kit::{KEY, Outcome, config, quick, request},
    server::{Play, Server},
};
use emulator::Emulator;
use futures_util::future::join;
use llm::{ErrorKind, Finish, Kind, ListSource, ProviderConfig, Providers};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

#[tokio::test]
async fn the_catalogue_has_every_provider_in_its_order() {
    let emulator = Emulator::start().await;
    let dead = ProviderConfig {
        id: "dead".into(),
        base_url: "http://127.0.0.1:1".parse().unwrap(),
        models: vec!["gpt-4o".into()],
        ..config(&emulator, Kind::OpenAi)
    };
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi), dead], quick()).unwrap();
    for _ in 0..2 {
        let catalogue = providers.catalogue().await;
        let ids: Vec<&str> = catalogue.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["test", "dead", "offline"]);
        assert!(catalogue[0].1.iter().any(|model| model.id == "echo"));
        assert_eq!(catalogue[1].1[0].name, "GPT-4o");
        assert_eq!(catalogue[2].1.len(), 1);
        assert_eq!(providers.models("dead").await[..], catalogue[1].1);
        assert!(providers.models("nobody").await.is_empty());
        assert_eq!(providers.list_error("test"), None);
        assert_eq!(providers.list_error("dead").map(|error| error.kind()), Some(ErrorKind::Unavailable));
        assert!(providers.get("test").unwrap().validate_connection().await.is_ok());
    }
}

#[tokio::test]
async fn a_provider_that_goes_down_keeps_its_list() {
    let emulator = Emulator::start().await;
    let providers = Providers::with_limits(vec![config(&emulator, Kind::OpenAi)], quick()).unwrap();
    let before = providers.catalogue().await;
    emulator.stop().await;
    assert_eq!(providers.catalogue().await, before);
}

#[tokio::test]
async fn a_list_that_was_kept_is_good_for_the_rest_of_its_day_and_at_the_same_door() {
    let emulator = Emulator::start().await;
    let here = config(&emulator, Kind::OpenAi);
    let first = Providers::with_limits(vec![here.clone()], quick()).unwrap();
    let mut changes = first.list_changes();
    let models = first.models("test").await;
    changes.changed().await.unwrap();
    let lists = first.lists();
    assert_eq!((lists.len(), &lists[0].models[..]), (1, &models[..]));
    let counts = first.list_counts();
    assert_eq!((counts.restored, counts.awaited), (0, 1));
    emulator.stop().await;

    let next = |config: &ProviderConfig| Providers::with_limits(vec![config.clone()], quick()).unwrap();
    let same = next(&here);
    same.restore(lists.clone());
    assert_eq!(same.models("test").await, models, "nobody was asked");
    assert_eq!((same.list_error("test"), same.list_counts().restored), (None, 1));
    assert_eq!(same.lists()[0].door, lists[0].door);

    let keyless = ProviderConfig { api_key: None, ..here.clone() };
    let elsewhere = ProviderConfig { base_url: "http://127.0.0.1:1".parse().unwrap(), ..here.clone() };
    for other in [keyless, elsewhere] {
        let other = next(&other);
        other.restore(lists.clone());
        assert!(other.models("test").await.is_empty());
    }
    for age_seconds in [24 * 60 * 60 + 1, u64::MAX] {
        let late = next(&here);
        late.restore(vec![llm::ModelList { age_seconds, ..lists[0].clone() }]);
        assert!(late.models("test").await.is_empty());
    }
}

#[tokio::test]
async fn who_answers_with_an_empty_list_has_the_configured_models() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let server = async {
        let (mut line, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(line.read(&mut request).await.unwrap() > 0);
        line.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"data\":[]}")
            .await
            .unwrap();
    };
    let config = ProviderConfig { base_url, models: vec!["gpt-4o".into()], ..ProviderConfig::new(Kind::OpenAi, "") };
    let providers = Providers::with_limits(vec![config], quick()).unwrap();
    let ((), models) = join(server, providers.models("openai")).await;
    assert_eq!(providers.list_error("openai"), None, "it has answered");
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["gpt-4o"]);
}

/// A provider that answers the question for its list so, and then every question with a word.
async fn listing(list: Play, change: impl Fn(&mut ProviderConfig)) -> (Server, Providers) {
    let word = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    let server = Server::start([list, Play::response("200 OK", "", word)]).await;
    let mut config = ProviderConfig { base_url: server.base_url(), ..ProviderConfig::new(Kind::OpenAi, KEY) };
    change(&mut config);
    let providers = Providers::with_limits(vec![config], quick()).unwrap();
    (server, providers)
}

#[tokio::test]
async fn who_may_not_see_the_list_has_the_models_that_are_known() {
    let scopes = "{\"error\":{\"message\":\"You have insufficient permissions. Missing scopes: api.model.read\"}}";
    for list in [
        Play::response("403 Forbidden", "", ""),
        Play::response("403 Forbidden", "", scopes),
        Play::response("401 Unauthorized", "", scopes),
        Play::response("404 Not Found", "", "{\"detail\":\"Not Found\"}"),
    ] {
        let about = format!("{list:?}");
        let (_server, providers) = listing(list.clone(), |_| ()).await;
        let models = providers.models("openai").await;
        assert!(models.iter().any(|model| model.id == "gpt-4o" && model.price.is_some()), "{about}");
        assert_eq!(providers.list_source("openai"), Some(ListSource::Data), "{about}");
        assert!(providers.has_models("openai"));
        assert!(!providers.list_error("openai").unwrap().refuses_key(), "{about}");
        let answer = Outcome::of(providers.default().stream(request("gpt-4o"))).await;
        assert_eq!(answer.finish, Some(Finish::Stop), "{about}");

        let (_server, providers) = listing(list.clone(), |config| config.models = vec!["mine".into()]).await;
        let models = providers.models("openai").await;
        assert_eq!((models.len(), models[0].id.as_str()), (1, "mine"), "{about}");
        assert_eq!(providers.list_source("openai"), Some(ListSource::Configuration), "{about}");

        // What a server of somebody else has, nobody knows.
        let (_server, providers) = listing(list, |config| config.id = "workshop".into()).await;
        assert!(providers.models("workshop").await.is_empty(), "{about}");
    }
}

#[tokio::test]
async fn a_key_that_is_refused_has_no_models_until_an_answer_comes_with_it() {
    let (_server, providers) = listing(Play::response("401 Unauthorized", "", ""), |_| ()).await;
    assert!(providers.models("openai").await.is_empty());
    assert!(providers.list_error("openai").unwrap().refuses_key());
    assert!(!providers.default().takes_key());
    assert_eq!(Outcome::of(providers.default().stream(request("m"))).await.text, "a");
    assert!(providers.default().takes_key(), "only its list asks for another");
    assert!(!providers.models("openai").await.is_empty());
}

#[tokio::test]
async fn a_connection_is_checked_by_the_key_and_not_by_the_list() {
    for (status, is_well) in [("403 Forbidden", true), ("401 Unauthorized", false)] {
        let (_server, providers) = listing(Play::response(status, "", ""), |_| ()).await;
        assert_eq!(providers.default().validate_connection().await.is_ok(), is_well, "{status}");
    }
}

#[tokio::test]
async fn nothing_prints_a_key() {
    let emulator = Emulator::start().await;
    for kind in Kind::ALL {
        let providers = Providers::with_limits(vec![config(&emulator, kind)], quick()).unwrap();
        assert!(!format!("{providers:#?}").contains(KEY), "{kind:?}");
    }
}

#[test]
fn ids_are_unique_and_keys_are_keys() {
    let config = || ProviderConfig::new(Kind::OpenAi, "sk");
    assert_eq!(Providers::new(vec![config(), config()]).unwrap_err().kind(), ErrorKind::BadRequest);
    let error = Providers::new(vec![ProviderConfig::new(Kind::OpenAi, "sk\u{7}x")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(!error.to_string().contains("sk\u{7}x"));
    let providers = Providers::new(vec![]).unwrap();
    assert_eq!(providers.default().id(), "offline");
    assert!(providers.get("openai").is_none());
}
