//! The wire of OpenAI's Responses, which some models insist on: writes requests and reads answers. Knows no address.

use crate::{
    ChatMessage, ChatRequest, Error, ErrorKind, Finish, Part, Role, Schema, Usage,
    chat::decimal,
    failure, known,
    output::Output,
    structured,
    wire::{list, text},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Fields that some models refuse, and that a request can do without.
pub(crate) const REFUSABLE: [&str; 5] = ["temperature", "top_p", "max_output_tokens", "reasoning", "stream"];

/// The body of a request. This wire knows no penalties.
pub(crate) fn body(request: &ChatRequest, schema: Option<&Schema>) -> Map<String, Value> {
    let settings = known::accepted(&request.model, &request.settings);
    let format = schema.map(|schema| {
        json!({"format": {"type": "json_schema", "name": schema.name, "strict": true, "schema": schema.schema}})
    });
    let fields = [
        ("model", json!(request.model)),
        ("instructions", json!(structured::system(request, schema))),
        ("input", request.messages.iter().map(message).collect()),
        ("stream", json!(true)),
        // The conversation is Lia's to keep.
        ("store", json!(false)),
        ("max_output_tokens", json!(settings.max_tokens)),
        ("temperature", decimal(settings.temperature)),
        ("top_p", decimal(settings.top_p)),
        ("text", format.unwrap_or_default()),
        // Of its thoughts this wire shows summaries, and only to organisations that OpenAI knows; others refuse the wish.
        ("reasoning", if known::thinks(&request.model) { json!({"summary": "auto"}) } else { Value::Null }),
    ];
    fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn message(message: &ChatMessage) -> Value {
    let (role, kind) = match message.role {
        Role::User => ("user", "input_text"),
        Role::Assistant => ("assistant", "output_text"),
    };
    let content = message.parts.iter().map(|part| match part {
        Part::Text(text) => json!({"type": kind, "text": text}),
        Part::Image { media_type, data } => {
            json!({"type": "input_image", "image_url": format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(data))})
        }
        Part::Audio { media_type, data } => {
            let data = format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(data));
            json!({"type": "input_file", "filename": "recording", "file_data": data})
        }
    });
    json!({"role": role, "content": content.collect::<Vec<_>>()})
}

/// Reads one response.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// Piece by piece: then what tells an item as a whole repeats it.
    streamed: Said,
    said: Said,
}

/// What has been said of a response.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    words: bool,
    thoughts: bool,
}

impl Reader {
    pub(crate) fn event(&mut self, event: &Value, output: &mut Output) -> Result<(), Error> {
        let delta = text(event, "/delta");
        match text(event, "/type") {
            "response.output_text.delta" => {
                self.streamed.words |= !delta.is_empty();
                output.text(Cow::Borrowed(delta));
            }
            "response.refusal.delta" => {
                self.streamed.words |= !delta.is_empty();
                output.refusal(Cow::Borrowed(delta));
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.streamed.thoughts |= !delta.is_empty();
                output.thought(Cow::Borrowed(delta));
            }
            "response.reasoning_summary_part.added" | "response.reasoning_part.added" => output.begin_thought(),
            "response.output_item.added" if text(event, "/item/type") == "reasoning" => output.begin_thought(),
            // Gateways that stream no pieces may tell an item here and nothing of it in the end.
            "response.output_item.done" => self.item(&event["item"], self.streamed, output),
            // The last is OpenRouter's.
            "response.completed" | "response.incomplete" | "response.done" => {
                return self.end(&event["response"], output);
            }
            "response.failed" => return Err(failed(&event["response"], output)),
            // The documented shape of an error; the nested one is known to every wire.
            "error" => return Err(failure::from_event(event)),
            "" if text(event, "/object") == "response" => return self.end(event, output),
            _ => {}
        }
        Ok(())
    }

    /// The last word on a response. Where nothing was said before, it is also the first.
    fn end(&mut self, response: &Value, output: &mut Output) -> Result<(), Error> {
        let said = Said {
            words: self.said.words || self.streamed.words,
            thoughts: self.said.thoughts || self.streamed.thoughts,
        };
        for item in list(response, "/output") {
            self.item(item, said, output);
        }
        end(response, output)
    }

    /// All of an item, but for what was said of it before.
    fn item(&mut self, item: &Value, before: Said, output: &mut Output) {
        let is_thought = |part: &&Value| text(part, "/type") == "reasoning_text";
        let (summary, parts) = (list(item, "/summary"), list(item, "/content"));
        for thought in summary.iter().chain(parts.iter().filter(is_thought)).filter(|_| !before.thoughts) {
            self.said.thoughts = true;
            output.begin_thought();
            output.thought(Cow::Borrowed(text(thought, "/text")));
        }
        for part in parts.iter().filter(|part| !before.words && !is_thought(part)) {
            self.said.words = true;
            output.text(Cow::Borrowed(text(part, "/text")));
            output.refusal(Cow::Borrowed(text(part, "/refusal")));
        }
    }
}

/// How a response ended.
fn end(response: &Value, output: &mut Output) -> Result<(), Error> {
    match text(response, "/status") {
        "failed" => return Err(failed(response, output)),
        "cancelled" => return Err(Error::new(ErrorKind::Interrupted, "the response was cancelled")),
        _ => count(response, output),
    }
    let calls_tool = list(response, "/output").iter().any(|item| text(item, "/type") == "function_call");
    output.finish = Some(match (text(response, "/status"), text(response, "/incomplete_details/reason")) {
        ("incomplete", "max_output_tokens") => Finish::Length,
        ("incomplete", "content_filter") => Finish::ContentFilter,
        ("incomplete", "") => Finish::Other("incomplete".into()),
        ("incomplete", reason) => Finish::Other(reason.into()),
        _ if calls_tool => Finish::ToolCalls,
        _ => Finish::Stop,
    });
    output.ended = true;
    Ok(())
}

fn failed(response: &Value, output: &mut Output) -> Error {
    count(response, output);
    let error = failure::find(response).map(failure::from_event);
    error.unwrap_or_else(|| Error::new(ErrorKind::Unavailable, "the response failed"))
}

fn count(response: &Value, output: &mut Output) {
    let count = |name: &str| response["usage"][name].as_u64();
    output.count(Usage {
        input_tokens: count("input_tokens"),
        output_tokens: count("output_tokens"),
        cost_micros: None,
        estimated: false,
    });
}
