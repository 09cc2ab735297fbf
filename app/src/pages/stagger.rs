//! Staggering: a preview of the keys of one day spread over the days before it, and the button that does it. The page
//! exists on the server only, with links and a plain form.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;
use shared::usage::grouped;
use shared::view::overview::{StaggerDay, StaggerPlan};

use crate::client::call::query;
use crate::error::FnError;
use crate::forms::form_replay::Replay;
use crate::keys::key_actions::stagger_path;
use crate::server_fns::overview::{ShowStagger, StaggerKeys};
use crate::ui::answer::{answered_or, problem};
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::standing::offers;

#[component]
pub fn StaggerPage() -> impl IntoView {
    let refused = Replay::of(StaggerKeys::PATH);
    let location = use_location().query;
    // The page that answers a refused form has no parameters.
    let asked = |name: &'static str| {
        let field = refused.as_ref().and_then(|replay| replay.field(name));
        let field = field.map(str::to_owned);
        field
            .or_else(|| location.read_untracked().get(name))
            .unwrap_or_default()
    };
    let fields = vec![("day", asked("day")), ("days", asked("days"))];
    let plan = query::<ShowStagger>(move || fields.clone(), None);
    let message = refused.and_then(|replay| replay.error().map(message));
    view! {
        <p class="crumbs">
            <a href="/" rel="external">
                "Dashboard"
            </a>
        </p>
        <PageHead title="Stagger expirations" />
        {message.map(alert)}
        {answered_or(plan, shown, |error| {
            if error.code == FnError::INVALID { no_such_day() } else { problem(error) }
        })}
    }
    .into_any()
}

/// What a refused form says: the first thing to correct, or what went wrong.
fn message(error: &FnError) -> String {
    let field = error.fields.values().next();
    field.unwrap_or(&error.message).clone()
}

fn alert(message: String) -> AnyView {
    view! {
        <p class="note bad" role="alert" tabindex="-1">
            {Icon::WARNING.draw()}
            <span>{message}</span>
        </p>
    }
    .into_any()
}

fn no_such_day() -> AnyView {
    view! {
        <section class="empty">
            {Icon::SEARCH.draw()} <h2>"There is no such day"</h2>
            <p>"Check the address for typos."</p>
            <a class="button primary" href="/" rel="external">"Go to the Dashboard"</a>
        </section>
    }
    .into_any()
}

fn shown(plan: StaggerPlan) -> AnyView {
    let StaggerPlan { keys, moved, .. } = plan;
    let lead = match keys {
        0 => format!("No key expires on {}.", plan.text),
        1 => format!("1 key expires on {}.", plan.text),
        many => format!("{} keys expire on {}.", grouped(many), plan.text),
    };
    let choices: Vec<AnyView> = choices(plan.room)
        .map(|days| choice(&plan.day, days, plan.days))
        .collect();
    let zone = plan.time_zone.clone();
    let body = if moved > 0 {
        view! {
            <p>
                "Spread them over the days before, so that they don't need you all at once. Each keeps its time of day, and no key lasts longer than it does now."
            </p>
            <nav class="filters" aria-label="Days to spread over">{choices}</nav>
            {table(plan.spread.clone())}
            {offers(StaggerKeys::PATH).then(|| apply(&plan))}
        }
        .into_any()
    } else {
        view! {
            <p>"There is nothing to spread out."</p>
            <a class="button" href="/" rel="external">"Back to the Dashboard"</a>
        }
        .into_any()
    };
    view! {
        <section class="card wide stagger" aria-labelledby="stagger-title">
            <h2 id="stagger-title">{lead}</h2>
            {body}
        </section>
        <p class="zone">"All dates are in " {zone} "."</p>
    }
    .into_any()
}

/// The numbers of days to offer: those that fit, and all that there are if that is less than the most.
fn choices(room: i64) -> impl Iterator<Item = i64> {
    let fitting = StaggerPlan::DAYS.map(|days| i64::from(days).min(room));
    let mut last = 0;
    fitting
        .into_iter()
        .filter(move |days| std::mem::replace(&mut last, *days) < *days)
}

fn choice(day: &str, days: i64, chosen: i64) -> AnyView {
    let current = (days == chosen).then_some("true");
    let address = stagger_path(day) + "&days=" + &days.to_string();
    view! {
        <a href=address rel="external" aria-current=current>
            {days.to_string()}
            " days"
        </a>
    }
    .into_any()
}

/// Which key would expire on which day.
fn table(spread: Vec<StaggerDay>) -> AnyView {
    let row = |day: StaggerDay| {
        let more = usize::try_from(day.keys)
            .unwrap_or_default()
            .saturating_sub(day.names.len());
        let name = |(place, name): (usize, String)| {
            let comma = if place > 0 { ", " } else { "" };
            view! { {comma} <bdi>{name}</bdi> }.into_any()
        };
        let names: Vec<AnyView> = day.names.into_iter().enumerate().map(name).collect();
        let more =
            (more > 0).then(|| view! { <span class="muted">{format!(" and {more} more")}</span> });
        view! {
            <tr>
                <th scope="row">{day.text}</th>
                <td>{grouped(day.keys)}</td>
                <td>{names} {more}</td>
            </tr>
        }
        .into_any()
    };
    let rows: Vec<AnyView> = spread.into_iter().map(row).collect();
    view! {
        <table class="plain">
            <caption class="visually-hidden">"The new expirations"</caption>
            <thead>
                <tr>
                    <th scope="col">"Day"</th>
                    <th scope="col">"Keys"</th>
                    <th scope="col">"Which"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn apply(plan: &StaggerPlan) -> AnyView {
    let (day, days, version) = (plan.day.clone(), plan.days, plan.version.clone());
    view! {
        <form method="post" action=StaggerKeys::PATH class="row">
            <input type="hidden" name="day" value=day />
            <input type="hidden" name="days" value=days.to_string() />
            <input type="hidden" name="version" value=version />
            <button type="submit" class="button primary">
                {format!("Spread over {days} days")}
            </button>
            <a class="button quiet" href="/" rel="external">"Cancel"</a>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_offered() {
        let offered = |room| choices(room).collect::<Vec<_>>();
        assert_eq!(offered(100), [3, 7, 14, 30]);
        assert_eq!(offered(30), [3, 7, 14, 30]);
        assert_eq!(offered(8), [3, 7, 8]);
        assert_eq!(offered(7), [3, 7]);
        assert_eq!(offered(2), [2]);
    }
}
