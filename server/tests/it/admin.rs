//! What admins see of everybody, through every door there is.

use crate::support::{TestApp, on_both};
use backend::{fill, insights};
use serde_json::{Value, json};

const DOORS: [&str; 3] =
    ["/api/v1/admin/sentiment", "/api/v1/admin/sentiment/export.json", "/api/v1/admin/sentiment/export.csv"];

/// Invents people who have talked, and adds up what they said.
async fn invent(app: &TestApp, users: u32, messages: u32) {
    let amount = fill::Amount { users, messages, days: 365, seed: 7, force: true };
    assert_eq!(fill::fill(app.backend(), amount).await.unwrap(), u64::from(messages));
    assert_eq!(insights::roll_up(app.backend()).await.unwrap(), 0, "filling adds everything up");
}

fn sum(groups: &Value) -> i64 {
    groups.as_array().unwrap().iter().map(|group| group["messages"].as_i64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_how_everybody_feels() {
    on_both(async |setup| {
        let app = setup.start().await;
        let admin = app.register("ada").await;
        let path = "/api/v1/admin/sentiment?step=month&from=2020-01-01";
        let empty = admin.get(path).await.ok();
        assert_eq!((&empty["messages"], &empty["withheld"], &empty["score"]), (&0.into(), &false.into(), &Value::Null));
        invent(&app, 40, 2_000).await;
        let all = admin.get(path).await.ok();
        assert_eq!(all["messages"], 1_000, "every question was read");
        for table in ["labels", "emotions", "providers", "models", "methods"] {
            assert_eq!(sum(&all[table]), 1_000, "{table}: {}", all[table]);
        }
        let over_time = all["over_time"].as_array().unwrap();
        assert_eq!(over_time[0]["starts_on"], "2020-01-01");
        assert!(over_time.len() > 80 && over_time[0]["messages"] == 0);
        assert!(all["score"].as_f64().unwrap().abs() < 1.0);
        assert!(all["conversations"]["measured"].as_i64().unwrap() > 100);
        assert!(all["answers"]["dropped"].as_i64().unwrap() > 0);
        let provider = all["choices"]["providers"][0].as_str().unwrap();
        let one = admin.get(&format!("{path}&provider={provider}")).await.ok();
        let listed = all["providers"].as_array().unwrap().iter().find(|group| group["name"] == provider).unwrap();
        assert_eq!(one["messages"], listed["messages"]);
        assert!(!all.to_string().contains("person-"), "nobody is named");
        let asked = json!({ "parameters": { "step": "month", "from": "2020-01-01" } });
        assert_eq!(admin.post("/fn/insights", &asked).await.ok(), all, "the page gets the same");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sees_it() {
    on_both(async |setup| {
        let app = setup.start().await;
        app.register("ada").await;
        let bob = app.register("bob").await;
        for path in DOORS {
            assert_eq!(bob.get(path).await.code(), "forbidden", "{path}");
            assert_eq!(app.stranger().get(path).await.code(), "not_signed_in", "{path}");
        }
        let asked = json!({ "parameters": {} });
        assert_eq!(bob.post("/fn/insights", &asked).await.code(), "forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_range_or_filter_is_refused_by_name() {
    on_both(async |setup| {
        let app = setup.start().await;
        let admin = app.register("ada").await;
        for (query, field) in [
            ("from=yesterday", "from"),
            ("to=2026-02-30", "to"),
            ("from=2026-11-20&to=2026-11-19", "from"),
            ("from=2020-01-01&step=day", "step"),
            ("from=1971-01-01&step=month", "from"),
            ("step=hour", "step"),
            ("method=astrology", "method"),
            ("model=gpt", "provider"),
        ] {
            for path in DOORS {
                let answer = admin.get(&format!("{path}?{query}")).await;
                assert_eq!(answer.code(), "validation_failed", "{query}");
                assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{query}");
            }
        }
        let plain_form = "/api/v1/admin/sentiment?from=&to=&step=&provider=&model=&method=";
        assert_eq!(admin.get(plain_form).await.status, 200, "a form sends what is empty, too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_hold_what_the_page_shows() {
    on_both(async |setup| {
        let app = setup.start().await;
        let admin = app.register("ada").await;
        invent(&app, 30, 600).await;
        let range = "?from=2020-01-01&to=2026-12-31&step=month";
        let shown = admin.get(&format!("{}{range}", DOORS[0])).await.ok();
        let json = admin.get(&format!("{}{range}", DOORS[1])).await;
        assert_eq!(json.ok(), shown);
        assert_eq!(
            json.header("content-disposition"),
            "attachment; filename=\"lia-sentiment-2020-01-01-2026-12-31.json\""
        );
        let csv = admin.get(&format!("{}{range}", DOORS[2])).await;
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
        let mut lines = csv.text.split_terminator("\r\n");
        assert_eq!(lines.next().unwrap(), "table,name,provider,starts_on,messages,share,score,answers,dropped");
        let total = format!("total,,,,{},,{},", shown["messages"], shown["score"]);
        assert!(lines.next().unwrap().starts_with(&total), "{}", csv.text);
        for line in lines {
            assert_eq!(line.split(',').count(), 9, "{line}");
        }
        let emotion = shown["emotions"][0]["name"].as_str().unwrap();
        assert!(csv.text.contains(&format!("emotions,{emotion},,,{}", shown["emotions"][0]["messages"])));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_an_admins() {
    on_both(async |setup| {
        let app = setup.start().await;
        let (ada, bob) = (app.browser(), app.browser());
        ada.register("ada").await;
        bob.register("bob").await;
        let his = bob.open("/admin").await;
        assert_eq!(his.status, 403);
        assert!(his.text.contains("This page is for admins"));
        let nobodys = app.browser().open("/admin").await;
        assert_eq!((nobodys.status, nobodys.header("location")), (303, "/login?next=/admin"));
        assert!(ada.open("/").await.text.contains("href=\"/admin\""), "an admin finds the way");
        assert!(!bob.open("/").await.text.contains("href=\"/admin\""));
        assert!(bob.open("/settings").await.text.contains("What admins can see"));

        let empty = ada.open("/admin").await;
        assert_eq!(empty.status, 200);
        assert!(empty.text.contains("Nothing here yet") && empty.text.contains("lia admin fill"));
        assert_eq!(ada.open("/admin?from=tomorrow").await.status, 422);
        invent(&app, 3, 60).await;
        let few = ada.open("/admin?from=2025-01-01&step=month").await;
        assert!(few.text.contains("Too few people to show"), "{}", few.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_no_script() {
    on_both(async |setup| {
        let app = setup.start().await;
        let ada = app.browser();
        ada.register("ada").await;
        invent(&app, 40, 2_000).await;
        let page = ada.open("/admin?from=2025-01-01&to=2026-12-31&step=month").await.text;
        for part in ["Over time", "Labels", "Emotions", "By model", "By provider", "By method of reading"] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<table").count(), page.matches("<thead").count());
        for field in ["from", "to", "step", "provider", "method"] {
            assert!(page.contains(&format!("<label for=\"{field}\"")), "{field} has a label");
        }
        assert!(
            page.contains("value=\"2025-01-01\"") && page.contains("method=\"get\""),
            "the filters are the address"
        );
        // 24 months, each with its words. Which of them have too few people to be shown depends on the day of the test, and
        // so whether a point beside one stands alone.
        let points = ["class=\"chart-point\"", "class=\"chart-point lonely\""].map(|class| page.matches(class).count());
        assert_eq!(points.iter().sum::<usize>(), 24);
        assert_eq!(page.matches("<title>").count(), 24 + 1, "and the page's own");
        assert!(!page.contains(" style=\""), "the policy forbids it");
        assert!(page.contains("export.csv?from=2025-01-01&amp;to=2026-12-31&amp;step=month"));
    })
    .await;
}
