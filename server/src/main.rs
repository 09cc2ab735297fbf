//! The `keyhold` command.

use std::process::ExitCode;

use clap::Parser;
use server::config::{Command, CommandLine};

#[tokio::main]
async fn main() -> ExitCode {
    server::log::start();
    let Command::Serve(config) = CommandLine::parse().command;
    match server::start::run(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            tracing::error!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
