//! The `keyhold` command.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use mimalloc::MiMalloc;
use server::config::command_line::Given;
use server::config::commands::{ClockCommand, Command, ConfigCommand, DbCommand, MailCommand};
use server::config::effective::{Effective, located};
use tokio::runtime::Runtime;
use vault::zones::Edition;

/// Faster than the system's allocator at the few pieces that a verification allocates.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How long the process waits at its end for work that cannot be cancelled: mostly the lookup of a mail server's name.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // Mistakes in the command line are printed before standard error belongs to the log.
    let Given { line, settings } = match Given::of_process() {
        Ok(given) => given,
        Err(ended) => return ended.report(),
    };
    if let Err(error) = server::log::start() {
        let _ = writeln!(std::io::stderr(), "{error}");
        return ExitCode::FAILURE;
    }
    forbid_core_dumps();
    let outcome = Runtime::new()
        .map_err(|error| format!("the runtime cannot be started: {error}").into())
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(line.command, &settings));
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            outcome
        });
    let sentence = outcome
        .err()
        .map(|error| located(&error.to_string(), &settings));
    server::log::finish(sentence.as_deref());
    if sentence.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Forbids core dumps, which would hold the pepper and the secrets in use.
fn forbid_core_dumps() {
    if let Err(error) = rlimit::Resource::CORE.set(0, 0) {
        tracing::warn!(%error, "core dumps cannot be forbidden");
    }
}

/// Runs a command. Only the end of the process reads its error, so all kinds become one.
async fn run(command: Command, settings: &[Effective]) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Serve(config) => Ok(server::start::run(&config).await?),
        Command::Config(ConfigCommand::Check(command)) => {
            let (report, outcome) = server::cli::config_check::run(&command, settings);
            print(&report);
            Ok(outcome?)
        }
        Command::Mail(MailCommand::Test(command)) => {
            let answer = server::cli::mail_test::run(&command).await?;
            print(&format!("sent to {answer}\n"));
            Ok(())
        }
        Command::Backup(command) => {
            print(&server::cli::backup::backup(&command).await?);
            Ok(())
        }
        Command::Restore(command) => {
            print(&server::cli::backup::restore(&command).await?);
            Ok(())
        }
        Command::Db(DbCommand::Copy(command)) => {
            print(&server::cli::db_copy::run(&command).await?);
            Ok(())
        }
        Command::Clock(ClockCommand::Accept(command)) => {
            let answer = server::cli::clock_accept::run(&command).await?;
            print(&format!("{answer}\n"));
            Ok(())
        }
        Command::Nodes(command) => {
            print(&server::cli::nodes::run(&command).await?);
            Ok(())
        }
        Command::TimeZones => {
            let _ = writeln!(std::io::stdout(), "{}", Edition::in_use());
            Ok(())
        }
        Command::Completions(command) => {
            print(&server::cli::reference::completions(&command));
            Ok(())
        }
        Command::Man(command) => {
            print(&server::cli::reference::man(&command)?);
            Ok(())
        }
    }
}

/// Prints a report. A closed standard output is ignored: the work is done either way.
fn print(text: &str) {
    let _ = write!(std::io::stdout(), "{text}");
}
