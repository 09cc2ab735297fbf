//! The state that every handler can reach.

mod site_files;
