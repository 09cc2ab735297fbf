pub mod compose;
mod subjects;
