//! The document, and the application in it: contexts, frame, routes.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos::tachys::view::iterators::StaticVec;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute};
use leptos_router::components::{FlatRoutes, FlatRoutesProps, Router};
use leptos_router::{NestedRoute, PossibleRouteMatch, SsrMode, path};
use shared::theme::Theme;

use crate::brand::{HeadFiles, Shown};
use crate::client::boot;
use crate::client::call::query;
use crate::forms::form_replay::{Plain, Replay};
use crate::pages::api_control::ApiControlPage;
use crate::pages::dashboard::DashboardPage;
use crate::pages::key::KeyPage;
use crate::pages::new_key::NewKeyPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::sign_in::SignInPage;
use crate::pages::sign_up::SignUpPage;
#[cfg(feature = "ssr")]
use crate::pages::{
    account::AccountPage, confirm::ConfirmPage, developers::DevelopersPage, enter::EnterPage,
    forgot_password::ForgotPasswordPage, notices::NoticesPage, refused::Refused,
    refused::RefusedPage, reset_password::ResetPasswordPage, signed_out::SignedOutPage,
    stagger::StaggerPage,
};
use crate::server_fns::account::ShowAccount;
use crate::site::{SignInAt, SignUpOpen, SiteUrl};
use crate::ui::head::{Opened, SiteTitle};
use crate::ui::hydrated::Hydrated;
use crate::ui::layout::Frame;
use crate::ui::standing;
use crate::ui::toasts::Feedback;

/// The HTML document. A page that few visit, or that answers a form post, comes without the module: see [`Plain`].
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Theme>().unwrap_or_default();
    let plain = use_context::<Plain>().is_some();
    let prefix = use_context::<HeadFiles>().and_then(|files| files.key_prefix);
    let page = use_context::<Replay>().map(|replay| replay.page);
    let boot = (!plain).then(|| view! { <script nonce=use_nonce()>{boot::script()}</script> });
    let scripts = if plain {
        view! { <script type="module" nonce=use_nonce()>{boot::page_script()}</script> }.into_any()
    } else {
        view! {
            <AutoReload options=options.clone() />
            <HydrationScripts options=options.clone() />
        }
        .into_any()
    };
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute() data-page=page data-prefix=prefix>
            <head>
                <meta charset="utf-8" />
                {boot}
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content="Create, label, expire and restore your API keys." />
                {HeadFiles::links()}
                <HashedStylesheet options=options.clone() id="style" />
                {HeadFiles::colours()}
                {scripts}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Hydrated::provide();
    Opened::provide();
    let site = SharedValue::new_str(|| use_context::<SiteUrl>().unwrap_or_default().0);
    provide_context(SiteUrl(site.into_inner()));
    SignUpOpen::provide();
    Shown::provide();
    SignInAt::provide();
    standing::provide();
    let feedback = Feedback::provide();
    let account = query::<ShowAccount>(Vec::new, None);
    provide_context(account);
    let (routing, set_routing) = signal(false);
    view! {
        <SiteTitle />
        <Router set_is_routing=set_routing>
            <Frame account=account feedback=feedback routing=routing.into()>
                {content()}
            </Frame>
        </Router>
    }
}

/// The page at the address, unless the session may not see it.
fn content() -> AnyView {
    #[cfg(feature = "ssr")]
    if let Some(Refused(need)) = use_context() {
        return view! { <RefusedPage need=need /> }.into_any();
    }
    let routes = FlatRoutesProps::builder()
        .fallback(NotFoundPage)
        .children(ToChildren::to_children(routes));
    FlatRoutes(routes.build()).into_any()
}

/// The route of each page. The pages that few visit exist on the server only, so that the module stays small; links to
/// them are `rel="external"`.
fn routes() -> StaticVec<AnyNestedRoute> {
    let routes = Vec::from([
        route(path!("/"), || DashboardPage().into_any()),
        route(path!("/sign-in"), || SignInPage().into_any()),
        route(path!("/sign-up"), || SignUpPage().into_any()),
        #[cfg(feature = "ssr")]
        route(path!("/preferences/account"), || AccountPage().into_any()),
        route(path!("/preferences/api-control"), || {
            ApiControlPage().into_any()
        }),
        route(path!("/preferences/api-control/new"), || {
            NewKeyPage().into_any()
        }),
        #[cfg(feature = "ssr")]
        route(path!("/preferences/api-control/stagger"), || {
            StaggerPage().into_any()
        }),
        route(path!("/preferences/api-control/:access_key"), || {
            KeyPage().into_any()
        }),
        #[cfg(feature = "ssr")]
        route(path!("/preferences/notices"), || NoticesPage().into_any()),
        #[cfg(feature = "ssr")]
        route(path!("/developers"), || DevelopersPage().into_any()),
        #[cfg(feature = "ssr")]
        route(path!("/forgot-password"), || {
            ForgotPasswordPage().into_any()
        }),
        #[cfg(feature = "ssr")]
        route(path!("/reset-password"), || ResetPasswordPage().into_any()),
        #[cfg(feature = "ssr")]
        route(path!("/confirm"), || ConfirmPage().into_any()),
        #[cfg(feature = "ssr")]
        route(path!("/enter"), || EnterPage().into_any()),
        #[cfg(feature = "ssr")]
        route(path!("/signed-out"), || SignedOutPage().into_any()),
        #[cfg(all(feature = "ssr", debug_assertions))]
        route(path!("/style"), crate::pages::style_guide::page),
    ]);
    routes.into()
}

fn route<S>(path: S, page: fn() -> AnyView) -> AnyNestedRoute
where
    S: PossibleRouteMatch + Clone + Send + 'static,
{
    NestedRoute::new(path, page)
        .ssr_mode(SsrMode::Async)
        .into_any_nested_route()
}
