use super::*;

fn read<const N: usize>(pairs: [(&str, &str); N]) -> Config {
    Config::read(&Variables::from_iter(pairs)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems<const N: usize>(pairs: [(&str, &str); N]) -> Vec<String> {
    let problems = Config::read(&Variables::from_iter(pairs)).err().expect("the configuration is wrong");
    problems.0.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_is_needed_in_development() {
    let config = read([]);
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.address.to_string(), "127.0.0.1:8000");
    assert_eq!(config.public_origin, "http://127.0.0.1:8000");
    assert_eq!(config.database_url.expose(), "sqlite:./data/lia.db");
    assert_eq!((config.pool_size, config.max_overflow, config.token_days), (5, 10, 7));
    assert_eq!(config.rate_limits.requests_per_minute.get(), 60);
    assert_eq!(config.rate_limits.chat_requests_per_minute.get(), 20);
    assert_eq!(config.shutdown, Duration::from_secs(25));
    assert_eq!((config.log_level, config.log_format), (LevelFilter::INFO, LogFormat::Pretty));
    assert!(config.rate_limits.enabled && config.registration_open && config.token_secret.is_none());
    assert!(
        config.redis.is_none()
            && config.providers.is_empty()
            && config.cors_origins.is_empty()
            && config.trusted_proxies.is_empty()
    );
    assert!(!config.is_https());
}

#[test]
fn empty_is_unset() {
    assert_eq!(read([("PORT", ""), ("LIA_ENV", "  ")]).address.port(), 8000);
}

#[test]
fn production_wants_a_secret_and_a_public_url() {
    assert_eq!(
        problems([("LIA_ENV", "production")]),
        [
            "LIA_PUBLIC_URL: found nothing; allowed: an http or https address without a path, like \
             https://lia.example.com (required in production)",
            "JWT_SECRET_KEY: found nothing; allowed: at least 32 characters, chosen at random (required in production)",
        ]
    );
    let config = read([
        ("LIA_ENV", "production"),
        ("LIA_PUBLIC_URL", "https://lia.example.com/"),
        ("JWT_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
    ]);
    assert!(config.is_https());
    assert_eq!(config.public_origin, "https://lia.example.com");
    assert_eq!(config.log_format, LogFormat::Json);
}

#[test]
fn every_wrong_value_is_named_in_a_line_of_its_own() {
    let lines = problems([
        ("LIA_ENV", "prod"),
        ("HOST", "localhost"),
        ("PORT", "99999"),
        ("LIA_PUBLIC_URL", "https://example.com/lia"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
        ("CORS_ORIGINS", "*"),
        ("DATABASE_URL", "mysql://u:hunter22@h/d"),
        ("REDIS_URL", "redis//:hunter22@h"),
        ("DB_POOL_SIZE", "0"),
        ("DB_MAX_OVERFLOW", "-1"),
        ("JWT_SECRET_KEY", "hunter22"),
        ("JWT_EXPIRATION_DAYS", "week"),
        ("REGISTRATION", "maybe"),
        ("RATE_LIMIT_ENABLED", "perhaps"),
        ("RATE_LIMIT_REQUESTS_PER_MINUTE", "0"),
        ("RATE_LIMIT_CHAT_REQUESTS_PER_MINUTE", "x"),
        ("OPENAI_BASE_URL", "ftp://x"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("LIA_SHUTDOWN_SECONDS", "601"),
    ]);
    assert_eq!(lines.len(), 20, "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("hunter22") && !line.contains('\n')), "{lines:#?}");
}

#[test]
fn redis_is_a_server_a_cluster_or_upstash() {
    let upstash =
        [("UPSTASH_REDIS_REST_URL", "https://eu1.upstash.example.com"), ("UPSTASH_REDIS_REST_TOKEN", "hunter22")];
    let of = |config: Config| config.redis.map(|redis| format!("{redis:?}"));
    assert_eq!(of(read(upstash)).as_deref(), Some("Redis(upstash)"));
    let [url, token] = upstash;
    let server = ("REDIS_URL", "rediss://:hunter22@redis.example.com");
    assert_eq!(of(read([server, url, token])).as_deref(), Some("Redis(server)"));
    assert_eq!(of(read([("REDIS_URL", "redis://one,redis://two")])).as_deref(), Some("Redis(cluster)"));
    assert_eq!(of(read([token])), None);
    assert_eq!(
        problems([url]),
        ["UPSTASH_REDIS_REST_TOKEN: found nothing; allowed: the token of UPSTASH_REDIS_REST_URL"]
    );
    assert_eq!(problems([("UPSTASH_REDIS_REST_URL", "redis://h"), token]).len(), 1);
}

#[test]
fn a_key_or_an_address_makes_a_provider() {
    let config = read([("OPENAI_BASE_URL", "http://127.0.0.1:9000"), ("OPENROUTER_API_KEY", "sk-x")]);
    let ids: Vec<_> = config.providers.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["openai", "openrouter"]);
    assert_eq!(config.providers[0].base_url.as_str(), "http://127.0.0.1:9000/");
    assert!(config.providers[0].api_key.is_none());
}

#[test]
fn a_file_adds_providers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("providers.toml");
    let path = path.to_str().unwrap();
    std::fs::write(
        path,
        r#"
            [[provider]]
            id = "local"
            kind = "openai"
            base_url = "http://127.0.0.1:8080"
            api_key_env = "LOCAL_KEY"
            models = ["qwen3-8b"]
        "#,
    )
    .unwrap();
    let config = read([("LIA_PROVIDERS", path), ("LOCAL_KEY", "k")]);
    assert_eq!(config.providers[0].id, "local");
    assert_eq!(config.providers[0].models, ["qwen3-8b"]);
    assert!(config.providers[0].api_key.is_some());

    let lines = problems([("LIA_PROVIDERS", path)]);
    assert_eq!(
        lines,
        [
            r#"LIA_PROVIDERS: found provider "local" with api_key_env "LOCAL_KEY"; allowed: the name of a variable that is set"#
        ]
    );

    let wrong = "[[provider]]\nid = \"openai\"\nkind = \"openai\"\n[[provider]]\nid = \"x\"\nkind = \"cohere\"\n";
    std::fs::write(path, wrong).unwrap();
    assert_eq!(problems([("LIA_PROVIDERS", path), ("OPENAI_API_KEY", "k")]).len(), 2);
    std::fs::write(path, "[[provider]]\nid = ").unwrap();
    assert_eq!(problems([("LIA_PROVIDERS", path)]).len(), 1);
    assert_eq!(problems([("LIA_PROVIDERS", "/nowhere.toml")]).len(), 1);
    for reserved in ["database", "offline", "cache"] {
        std::fs::write(path, format!("[[provider]]\nid = {reserved:?}\nkind = \"openai\"\n")).unwrap();
        assert_eq!(
            problems([("LIA_PROVIDERS", path)]),
            [format!(
                "LIA_PROVIDERS: found provider {reserved:?} with this id; allowed: any id but offline, database, cache, which \
                 Lia uses herself"
            )]
        );
    }
}

#[test]
fn the_example_names_every_variable_and_starts_lia_as_it_is() {
    let example = include_str!("../../../.env.example");
    let source = concat!(include_str!("../config.rs"), include_str!("redis.rs"), include_str!("site.rs"));
    let is_name = |text: &&str| {
        text.contains('_') && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    for name in source.split('"').filter(is_name).filter(|name| !name.starts_with("LEPTOS_") && name.len() > 3) {
        if name != "OUTPUT_NAME" {
            assert!(example.contains(&format!("{name}=")), "{name} is not in .env.example");
        }
    }
    for kind in llm::Kind::ALL {
        assert!(example.contains(&format!("{}_BASE_URL=", kind.id().to_uppercase())));
    }
}
