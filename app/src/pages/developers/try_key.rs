//! A form that checks a key from the browser (`try_key.js`). Its fields have no names, so that without the script nothing
//! of them can get into an address.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use super::{example, secret, section as part};
use crate::client::boot;

pub(super) fn section(site: &str, access_key: &str) -> AnyView {
    let access_key = access_key.to_owned();
    let curl = format!(
        "curl -i '{site}/verify' \\\n  --user \"{access_key}:${}\"",
        secret()
    );
    part(
        "try",
        view! {
            <p>
                "Checks a key from this browser, and shows what a program would get. The key goes to " <code>"/verify"</code>
                " and nowhere else, and isn't kept. It counts as a call of the key."
            </p>
            <form id="try-form" class="card form" hidden>
                <div class="field">
                    <label for="try-access">"Access key"</label>
                    <input id="try-access" value=access_key autocomplete="off" autocapitalize="off" spellcheck="false" />
                </div>
                <div class="field">
                    <label for="try-secret">"Secret key"</label>
                    <input
                        id="try-secret"
                        class="masked"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        aria-describedby="try-help"
                    />
                    <p class="help" id="try-help">
                        "Or paste both halves here, as a pair or as the lines of an .env file."
                    </p>
                </div>
                <button type="submit" class="button primary">
                    "Check key"
                </button>
                <div role="status" id="try-answer"></div>
            </form>
            <div id="try-plain">{example("curl example for verification", curl)}</div>
            <script type="module" nonce=use_nonce()>
                {boot::try_key_script()}
            </script>
        },
    )
}
