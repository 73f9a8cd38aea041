//! Who asks; signing in, staying signed in, signing out, changing one's password.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::grants::RoleGrantView;
use super::without_headers;
use crate::app::App;
use crate::auth::sessions::{self, Opened};
use crate::auth::{Identity, RoleGrant, Viewer, account_node, accounts};
use crate::error::AppError;
use crate::graphql::{RefusalView, WarningView, request};

/// The account behind a request, with the roles that it may act in today.
struct ViewerView {
    account: Identity,
    grants: Vec<RoleGrant>,
}

impl ViewerView {
    fn of(viewer: Viewer) -> Option<Self> {
        let grants = viewer.grants;
        viewer.account.map(|account| ViewerView { account, grants })
    }
}

/// The account behind a request, with the roles that it may act in today.
#[Object(name = "Viewer")]
impl ViewerView {
    /// The global id of the account.
    async fn id(&self) -> ID {
        account_node(self.account.id).to_string().into()
    }

    /// The name of the person or organisation.
    async fn name(&self) -> &str {
        &self.account.name
    }

    /// The roles that run today, oldest first.
    async fn grants(&self) -> Vec<RoleGrantView> {
        self.grants.iter().cloned().map(RoleGrantView).collect()
    }
}

/// Tokens just given out.
#[derive(SimpleObject)]
struct Session {
    /// What to send as `Authorization: Bearer …`; good for 15 minutes.
    access_token: String,
    /// What to trade for new tokens, once; shown this one time.
    refresh_token: String,
    /// When the access token ends.
    expires_at: DateTime<Utc>,
    /// Who is signed in with them.
    viewer: ViewerView,
}

impl Session {
    fn of(opened: Opened) -> std::result::Result<Self, AppError> {
        Ok(Session {
            access_token: opened.access_token,
            refresh_token: opened.refresh_token,
            expires_at: opened.expires_at,
            viewer: ViewerView::of(opened.viewer).ok_or(AppError::Unauthenticated)?,
        })
    }
}

macro_rules! payload {
    ($payload:ident, $result:ty, $what:literal, $result_is:literal) => {
        #[doc = concat!("What became of ", $what, ".")]
        #[derive(SimpleObject)]
        struct $payload {
            #[doc = $result_is]
            result: Option<$result>,
            /// Why nothing was done; empty where it was.
            refusals: Vec<RefusalView>,
            /// What is worth a second look.
            warnings: Vec<WarningView>,
        }

        impl $payload {
            async fn of(ctx: &Context<'_>, outcome: std::result::Result<$result, AppError>) -> Result<Self> {
                let (result, refusals) = match outcome {
                    Ok(result) => (Some(result), Vec::new()),
                    Err(AppError::Refused(refusal)) => (None, vec![RefusalView::of(ctx, *refusal).await?]),
                    Err(error) => return Err(error.into()),
                };
                Ok($payload { result, refusals, warnings: Vec::new() })
            }
        }
    };
}
payload!(SignInPayload, Session, "signIn or refreshSession", "The tokens; null exactly where there are refusals.");
payload!(SignOutPayload, bool, "signOut", "True; null exactly where there are refusals.");
payload!(ChangePasswordPayload, bool, "changePassword", "True; null exactly where there are refusals.");

#[derive(Default)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// Who asks; null when nobody is signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<ViewerView> {
        ViewerView::of(request(ctx).viewer.clone())
    }
}

/// Runs what takes neither of the two headers.
async fn plainly<T, Fut>(ctx: &Context<'_>, work: impl FnOnce(App, Viewer) -> Fut) -> std::result::Result<T, AppError>
where
    Fut: Future<Output = std::result::Result<T, AppError>>,
{
    let request = request(ctx);
    without_headers(request)?;
    work(request.app.clone(), request.viewer.clone()).await
}

#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Opens a session. Too many failures lock the login for a while. Takes no Idempotency-Key and no X-Dry-Run.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The login.")] login: String,
        #[graphql(desc = "The password.")] password: String,
    ) -> Result<SignInPayload> {
        let opened = plainly(ctx, |app, _| async move { Session::of(sessions::sign_in(&app, &login, &password).await?) });
        SignInPayload::of(ctx, opened.await).await
    }

    /// Trades a refresh token for new tokens. Each works once: a used one that comes back ends its session. Takes no Idempotency-Key and no
    /// X-Dry-Run.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token given out last.")] refresh_token: String,
    ) -> Result<SignInPayload> {
        let opened = plainly(ctx, |app, _| async move { Session::of(sessions::refresh(&app, &refresh_token).await?) });
        SignInPayload::of(ctx, opened.await).await
    }

    /// Ends the session of the request: its tokens open nothing from now on. Takes no Idempotency-Key and no X-Dry-Run.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let ended = plainly(ctx, |app, viewer| async move { sessions::sign_out(&app, &viewer).await.map(|()| true) });
        SignOutPayload::of(ctx, ended.await).await
    }

    /// Changes the viewer's own password and ends its other sessions. Takes no Idempotency-Key and no X-Dry-Run.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password until now; failures count like those of signing in.")] current: String,
        #[graphql(desc = "The new password, 10 to 128 characters.")] new: String,
    ) -> Result<ChangePasswordPayload> {
        let changed =
            plainly(ctx, |app, viewer| async move { accounts::change_password(&app, &viewer, &current, &new).await.map(|()| true) });
        ChangePasswordPayload::of(ctx, changed.await).await
    }
}
