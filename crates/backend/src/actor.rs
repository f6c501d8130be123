//! Who is asking.

use crate::Error;
use types::{ErrorCode, SessionId, User, UserId, UserRole};

/// Somebody who is signed in, made once for each request at the door. Every function that reads or changes
/// somebody's thing takes one.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The account.
    pub user: User,
    /// The version of what lists of their conversations showed when the request came in.
    pub(crate) conversations_version: i64,
    /// The sign-in.
    pub session: SessionId,
    /// How they are signed in.
    pub via: Via,
    /// The request, for the log.
    pub request_id: String,
}

/// How an actor is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By a browser's cookie.
    Session,
    /// By an access token.
    Token,
}

/// Something not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See how the installation runs.
    ViewInstallation,
    /// See how everybody together feels.
    ViewInsights,
}

impl Actor {
    /// The account's id: the owner in every query.
    pub const fn id(&self) -> UserId {
        self.user.id
    }

    /// Whether they have a right.
    pub const fn may(&self, permission: Permission) -> bool {
        match permission {
            Permission::ViewInstallation | Permission::ViewInsights => matches!(self.user.role, UserRole::Admin),
        }
    }

    /// `forbidden` unless they have a right.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(Error::refused(ErrorCode::Forbidden, "Your account may not do this."))
        }
    }
}
