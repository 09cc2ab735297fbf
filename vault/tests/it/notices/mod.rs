mod calendar;
mod model;
mod second_recipients;
mod sweep;
