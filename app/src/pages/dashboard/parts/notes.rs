//! Notes on the account: an address that is not confirmed, and keys expired by a password reset.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::view::{AddressView, ClaimView};

use crate::account::address::{FORM, sentence};
use crate::server_fns::account::{ChangeAddress, KeepAddress};
use crate::server_fns::notices::ResendConfirmation;
use crate::server_fns::overview::DismissClaim;
use crate::ui::icon::Icon;
use crate::ui::served::PlainForm;
use crate::ui::standing::offers;

/// The note on an address that is not confirmed, or on a pending change.
pub fn address(address: &AddressView) -> Option<AnyView> {
    let body = to_confirm(address)?;
    Some(
        view! {
            <section class="note warn" aria-label="Address to confirm" data-testid="address-note">
                {Icon::WARNING.draw()}
                <div>{body}</div>
            </section>
        }
        .into_any(),
    )
}

/// What the owner is asked to do about an address that is not confirmed, with ways to confirm or correct it, or about a
/// pending change.
pub fn to_confirm(address: &AddressView) -> Option<AnyView> {
    let text = sentence(address)?;
    let choices = if address.pending.is_some() {
        let keep = PlainForm {
            path: KeepAddress::PATH,
            said: Some("Your address is unchanged."),
            ..PlainForm::default()
        };
        keep.button("button small", "Keep the old address", None)
    } else {
        let again = PlainForm {
            path: ResendConfirmation::PATH,
            fields: &[("recipient", "account")],
            said: Some("We sent you a new link. Earlier ones no longer work."),
            ..PlainForm::default()
        };
        view! {
            {again.button("button small", "Send again", None)}
            {offers(ChangeAddress::PATH)
                .then(|| {
                    view! {
                        <a href=FORM rel="external">
                            "Wrong address?"
                        </a>
                    }
                })}
        }
        .into_any()
    };
    Some(
        view! {
            <p>{text}</p>
            <div class="choices">{choices}</div>
        }
        .into_any(),
    )
}

/// The note on a password reset that confirmed the address and expired the keys created before.
pub fn claim(claim: &ClaimView) -> AnyView {
    let dismiss = PlainForm {
        path: DismissClaim::PATH,
        said: Some(""),
        ..PlainForm::default()
    };
    let (at, text) = (claim.at.rfc3339.clone(), claim.at.text.clone());
    view! {
        <section class="note warn" aria-label="Account" data-testid="claim">
            {Icon::WARNING.draw()}
            <div>
                <p>
                    "This address was confirmed by a password reset on " <time datetime=at>{text}</time> ". "
                    {expired(claim.expired)}
                    "Someone else may have created the account, so restore only keys that you recognize."
                </p>
                <div class="choices">
                    <a href="/preferences/api-control?status=expired">"Expired keys"</a>
                    {dismiss.button("button quiet", "Dismiss", None)}
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// A sentence, and the blank after it.
fn expired(keys: i64) -> String {
    match keys {
        0 => "No key was in use. ".to_owned(),
        1 => "1 key created before was expired. ".to_owned(),
        keys => format!("{keys} keys created before were expired. "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_agrees_with_its_number() {
        assert_eq!(expired(0), "No key was in use. ");
        assert_eq!(expired(1), "1 key created before was expired. ");
        assert_eq!(expired(12), "12 keys created before were expired. ");
    }
}
