//! Where in the product a path leads.

use types::ConversationId;

/// What the chat page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `/`: nothing yet.
    New,
    /// `/c/{id}`.
    Conversation(ConversationId),
    /// `/c/…` with something that is no id: there is no such conversation.
    Nowhere,
}

impl Place {
    /// The place of a path of the chat page.
    pub(crate) fn of(path: &str) -> Self {
        match path.strip_prefix("/c/") {
            Some(id) => id.trim_end_matches('/').parse().map_or(Self::Nowhere, Self::Conversation),
            None => Self::New,
        }
    }

    /// The conversation shown, if one is.
    pub(crate) fn conversation(self) -> Option<ConversationId> {
        match self {
            Self::Conversation(id) => Some(id),
            Self::New | Self::Nowhere => None,
        }
    }
}

/// The path of a conversation.
pub(crate) fn path_of(id: ConversationId) -> String {
    format!("/c/{id}")
}

/// The path of the page that says how a conversation reads.
pub(crate) fn mood_path_of(id: ConversationId) -> String {
    format!("/c/{id}{MOOD}")
}

/// What the path of that page ends with, behind that of its conversation.
pub(crate) const MOOD: &str = "/mood";

/// A path of this site to go on to after signing in, or `/`. Another site's address never comes out.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn safe_next(next: Option<&str>) -> &str {
    match next {
        Some(next) if next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']) => {
            next
        }
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_place() {
        let id = "0199a3c4-0000-7000-8000-000000000001";
        assert_eq!(Place::of("/"), Place::New);
        assert_eq!(Place::of(&format!("/c/{id}")), Place::Conversation(id.parse().unwrap()));
        assert_eq!(Place::of(&format!("/c/{id}/")), Place::Conversation(id.parse().unwrap()));
        assert_eq!(Place::of("/c/42"), Place::Nowhere);
        assert_eq!(path_of(id.parse().unwrap()), format!("/c/{id}"));
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(safe_next(Some("/c/1?x=2")), "/c/1?x=2");
        for elsewhere in [None, Some("https://a.example"), Some("//a.example"), Some("/\\a.example"), Some("/\t/a")] {
            assert_eq!(safe_next(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
