//! The pages, one file each: a query and its view.

#[cfg(feature = "ssr")]
pub mod account;
pub mod api_control;
#[cfg(feature = "ssr")]
pub mod confirm;
pub mod dashboard;
#[cfg(feature = "ssr")]
pub mod developers;
#[cfg(feature = "ssr")]
pub mod enter;
#[cfg(feature = "ssr")]
pub mod forgot_password;
pub mod key;
#[cfg(feature = "ssr")]
pub mod mail_link;
pub mod new_key;
pub mod not_found;
#[cfg(feature = "ssr")]
pub mod notices;
#[cfg(feature = "ssr")]
pub mod refused;
#[cfg(feature = "ssr")]
pub mod reset_password;
#[cfg(feature = "ssr")]
pub mod setting;
pub mod sign_in;
pub mod sign_up;
#[cfg(feature = "ssr")]
pub mod signed_out;
#[cfg(feature = "ssr")]
pub mod stagger;
#[cfg(all(feature = "ssr", debug_assertions))]
pub mod style_guide;
