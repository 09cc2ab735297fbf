//! Notices: the sweep, second recipients and the calendar.

mod calendar;
mod model;
mod second_recipients;
mod sweep;
