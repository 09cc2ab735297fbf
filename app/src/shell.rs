//! The document, and the application in it: contexts, frame, routes.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

use crate::call::ask;
use crate::components::browser::Hydrated;
use crate::components::feedback::Feedback;
use crate::components::frame::Frame;
use crate::components::head::Opened;
pub use crate::components::theme::Theme;
use crate::functions::account::ShowAccount;
use crate::pages::account::AccountPage;
use crate::pages::api_control::ApiControlPage;
use crate::pages::dashboard::DashboardPage;
use crate::pages::developers::DevelopersPage;
use crate::pages::key::KeyPage;
use crate::pages::new_key::NewKeyPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::sign_in::SignInPage;
use crate::pages::sign_up::SignUpPage;
use crate::replay::Scriptless;

/// Where Keyhold is reached, without a slash at the end: "http://127.0.0.1:3000". The server provides it.
#[derive(Clone, Debug, Default)]
pub struct SiteUrl(pub String);

/// The HTML document. A page that answers a form post has no scripts: see [`Scriptless`].
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Theme>().unwrap_or_default();
    let scripts = use_context::<Scriptless>().is_none().then(|| {
        view! {
            <AutoReload options=options.clone() />
            <HydrationScripts options=options.clone() />
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content="Create, label, expire and restore your API keys." />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <HashedStylesheet options=options.clone() id="style" />
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
    let site = SharedValue::new(|| use_context::<SiteUrl>().unwrap_or_default().0);
    provide_context(SiteUrl(site.into_inner()));
    let feedback = Feedback::provide();
    let account = ask::<ShowAccount>(Vec::new, None);
    provide_context(account);
    let (routing, set_routing) = signal(false);
    view! {
        <Title formatter=|title: String| format!("{title} · Keyhold") text="API keys" />
        <Router set_is_routing=set_routing>
            <Frame account=account feedback=feedback routing=routing.into()>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=DashboardPage ssr=SsrMode::Async />
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                    <Route path=path!("/sign-up") view=SignUpPage ssr=SsrMode::Async />
                    <Route path=path!("/preferences/account") view=AccountPage ssr=SsrMode::Async />
                    <Route path=path!("/preferences/api-control") view=ApiControlPage ssr=SsrMode::Async />
                    <Route path=path!("/preferences/api-control/new") view=NewKeyPage ssr=SsrMode::Async />
                    <Route path=path!("/preferences/api-control/:access_key") view=KeyPage ssr=SsrMode::Async />
                    <Route path=path!("/developers") view=DevelopersPage ssr=SsrMode::Async />
                </FlatRoutes>
            </Frame>
        </Router>
    }
}
