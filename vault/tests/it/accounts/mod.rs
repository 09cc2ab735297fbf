mod change_address;
mod devices;
pub mod email_links;
mod sessions;
mod sign_in;
