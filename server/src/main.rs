//! The `keyhold` command.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use mimalloc::MiMalloc;
use server::cli::client::{self, ClientCommand, ClientError};
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
    let (code, sentence) = match outcome {
        Ok(code) => (code, None),
        Err(error) => (
            code_of(&*error),
            Some(located(&error.to_string(), &settings)),
        ),
    };
    server::log::finish(sentence.as_deref());
    code
}

/// Returns the exit code of an error: 1, unless the command has others.
fn code_of(error: &(dyn Error + 'static)) -> ExitCode {
    let code = error
        .downcast_ref::<ClientError>()
        .map(ClientError::exit_code);
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Forbids core dumps, which would hold the pepper and the secrets in use.
fn forbid_core_dumps() {
    if let Err(error) = rlimit::Resource::CORE.set(0, 0) {
        tracing::warn!(%error, "core dumps cannot be forbidden");
    }
}

/// Runs a command. Only the end of the process reads its error, so all kinds become one.
async fn run(command: Command, settings: &[Effective]) -> Result<ExitCode, Box<dyn Error>> {
    Ok(match command {
        Command::Serve(config) => {
            server::start::run(&config).await?;
            ExitCode::SUCCESS
        }
        Command::Account(command) => ask(ClientCommand::Account(command)).await?,
        Command::Key(command) => ask(ClientCommand::Key(command)).await?,
        Command::Portal(command) => ask(ClientCommand::Portal(Box::new(command))).await?,
        Command::Token(command) => ask(ClientCommand::Token(command)).await?,
        Command::Audit(command) => ask(ClientCommand::Audit(command)).await?,
        Command::Config(ConfigCommand::Check(command)) => {
            let (report, outcome) = server::cli::config_check::run(&command, settings);
            print(&report);
            outcome?;
            ExitCode::SUCCESS
        }
        Command::Doctor(command) => {
            let (report, is_well) = server::cli::doctor::run(&command, settings).await;
            print(&report);
            if is_well {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            }
        }
        Command::Mail(MailCommand::Test(command)) => {
            let answer = server::cli::mail_test::run(&command).await?;
            print(&format!("sent to {answer}\n"))
        }
        Command::Backup(command) => print(&server::cli::backup::backup(&command).await?),
        Command::Restore(command) => print(&server::cli::backup::restore(&command).await?),
        Command::Db(DbCommand::Copy(command)) => print(&server::cli::db_copy::run(&command).await?),
        Command::Clock(ClockCommand::Accept(command)) => {
            let answer = server::cli::clock_accept::run(&command).await?;
            print(&format!("{answer}\n"))
        }
        Command::Nodes(command) => print(&server::cli::nodes::run(&command).await?),
        Command::TimeZones => print(&format!("{}\n", Edition::in_use())),
        Command::Completions(command) => print(&server::cli::reference::completions(&command)),
        Command::Man(command) => print(&server::cli::reference::man(&command)?),
    })
}

/// Asks the management API of a server.
async fn ask(command: ClientCommand) -> Result<ExitCode, ClientError> {
    client::run(command, &mut std::io::stdout()).await
}

/// Prints a report. A closed standard output is ignored: the work is done either way.
fn print(text: &str) -> ExitCode {
    let _ = write!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}
