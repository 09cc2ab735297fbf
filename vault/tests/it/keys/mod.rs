mod alarms;
mod change;
mod ownership;
mod queries;
mod versions;
