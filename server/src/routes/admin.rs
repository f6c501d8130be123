//! What admins see: how everybody together feels. As JSON, and as files to keep.

use crate::{
    edge::actor::Caller,
    error::Result,
    extract::{Json, Query},
    state::AppState,
};
use axum::{
    extract::State,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    response::IntoResponse,
};
use backend::insights;
use types::{Envelope, InsightParameters, SentimentInsights};

/// What is answered where the numbers are not.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "only the description of the API is made from it")]
enum Refusals {
    /// Not signed in
    #[response(status = 401)]
    NotSignedIn(Envelope),
    /// Not an admin
    #[response(status = 403)]
    Forbidden(Envelope),
    /// A parameter is not acceptable
    #[response(status = 422)]
    ValidationFailed(Envelope),
}

/// How people feel
///
/// Of all messages whose sentiment was read, in a range of days (UTC) and with filters. Groups of fewer than five people
/// are merged with others, and nothing is told where that is not enough. Numbers are a few seconds old.
#[utoipa::path(
    get, path = "/api/v1/admin/sentiment", tag = "admin", params(InsightParameters),
    responses(
        (status = 200, description = "The numbers", body = SentimentInsights),
        Refusals,
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn sentiment(
    State(state): State<AppState>,
    caller: Caller,
    Query(parameters): Query<InsightParameters>,
) -> Result<Json<SentimentInsights>> {
    Ok(Json(insights::sentiment(&state.backend, &caller, &parameters).await?))
}

/// How people feel, as a JSON file
#[utoipa::path(
    get, path = "/api/v1/admin/sentiment/export.json", tag = "admin", params(InsightParameters),
    responses(
        (status = 200, description = "The numbers", body = SentimentInsights),
        Refusals,
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn export_json(
    State(state): State<AppState>,
    caller: Caller,
    Query(parameters): Query<InsightParameters>,
) -> Result<impl IntoResponse> {
    let insights = insights::sentiment(&state.backend, &caller, &parameters).await?;
    let name = file_name(&insights, "json");
    Ok(([(CONTENT_DISPOSITION, name), (CACHE_CONTROL, "no-store".to_owned())], Json(insights)))
}

/// How people feel, as a CSV file
///
/// RFC 4180, a line for each number. Text that a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    get, path = "/api/v1/admin/sentiment/export.csv", tag = "admin", params(InsightParameters),
    responses(
        (status = 200, description = "The numbers", body = String, content_type = "text/csv"),
        Refusals,
    ),
    security(("token" = []), ("cookie" = [])),
)]
pub async fn export_csv(
    State(state): State<AppState>,
    caller: Caller,
    Query(parameters): Query<InsightParameters>,
) -> Result<impl IntoResponse> {
    let insights = insights::sentiment(&state.backend, &caller, &parameters).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, file_name(&insights, "csv")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, insights::csv(&insights)))
}

/// The range in the name keeps several files apart.
fn file_name(insights: &SentimentInsights, extension: &str) -> String {
    format!("attachment; filename=\"lia-sentiment-{}-{}.{extension}\"", insights.from, insights.to)
}
