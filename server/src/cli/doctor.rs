//! `keyhold doctor`: one line for each part that Keyhold needs. It works beside a running server and before the first start,
//! takes no lock and changes nothing.

mod company;
mod management;

use std::fmt::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde::Serialize;
use tokio::time::timeout;
use vault::clock::SystemClock;
use vault::mail::transport::Transport;
use vault::{Clocks, Examined, OpenError, PepperFound, Tables, examine, rfc3339};

use self::management::TokenFile;
use super::config_check::{Checked, check, json};
use crate::config::commands::Doctor;
use crate::config::effective::{Effective, located};
use crate::config::masked::refused;
use crate::net::client::{self, Answer};

/// The longest that the database may take: it has its own limits for each step.
const DATABASE: Duration = Duration::from_secs(20);
/// The longest that the mail server may take, which for a mail has minutes.
const MAIL: Duration = Duration::from_secs(20);

/// The verdict about a part.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// It works, or was not checked.
    Warning,
    Failed,
}

/// The verdict about a part, and what to do about it.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    status: Status,
    message: String,
}

impl Finding {
    fn new(check: &'static str, status: Status, message: impl Into<String>) -> Self {
        Self {
            check,
            status,
            message: message.into(),
        }
    }

    fn of(check: &'static str, verdict: Result<String, String>) -> Self {
        match verdict {
            Ok(message) => Self::new(check, Status::Ok, message),
            Err(message) => Self::new(check, Status::Failed, message),
        }
    }

    fn not_checked(check: &'static str, because: &str) -> Self {
        Self::new(check, Status::Warning, format!("not checked: {because}"))
    }
}

/// The JSON of the report.
#[derive(Serialize)]
struct Report<'a> {
    checks: &'a [Finding],
    /// The number of checks that failed.
    failed: usize,
}

/// Makes all checks. Returns the report, and whether none failed.
pub async fn run(command: &Doctor, settings: &[Effective]) -> (String, bool) {
    let config = &command.config;
    let checked = check(config).map_err(|error| located(&error.to_string(), settings));
    let files = &config.files;
    let clock = SystemClock::default();
    let url = &files.database.database_url;
    let token = TokenFile::read(command);
    let parsed = token.parsed();
    let examined = timeout(
        DATABASE,
        examine(url, &files.pepper_file, &clock, parsed.as_ref()),
    );
    let (examined, mail, base_url, sign_in, management) = tokio::join!(
        examined,
        of_mail(checked.as_ref().ok()),
        of_base_url(checked.as_ref().ok()),
        company::of_sign_in(config),
        management::of_management(config, parsed.as_ref())
    );
    let examined = match examined {
        Ok(examined) => examined.map_err(|error| located(&error.to_string(), settings)),
        Err(_) => Err(format!("no answer within {} s", DATABASE.as_secs())),
    };
    let mut findings = vec![of_settings(&checked)];
    let token = management::of_token(&token, examined.as_ref().ok());
    findings.extend(of_database(examined));
    findings.extend([mail, base_url, sign_in, management, token]);
    let failed = findings
        .iter()
        .filter(|finding| finding.status == Status::Failed);
    let failed = failed.count();
    let text = if command.json {
        json(&Report {
            checks: &findings,
            failed,
        })
    } else {
        table(&findings)
    };
    (text, failed == 0)
}

fn of_settings(checked: &Result<Checked, String>) -> Finding {
    match checked {
        Err(sentence) => Finding::new("settings", Status::Failed, sentence),
        Ok(checked) if checked.warnings.is_empty() => Finding::new(
            "settings",
            Status::Ok,
            "a start accepts them; `keyhold config check` lists them",
        ),
        Ok(checked) => Finding::new("settings", Status::Warning, checked.warnings.join("; ")),
    }
}

/// Returns the findings about the clock, the database and the pepper.
fn of_database(examined: Result<Examined, String>) -> [Finding; 3] {
    let examined = match examined {
        Ok(examined) => examined,
        Err(sentence) => {
            let unread = "the database cannot be read";
            return [
                Finding::not_checked("clock", unread),
                Finding::new("database", Status::Failed, sentence),
                Finding::not_checked("pepper", unread),
            ];
        }
    };
    let name = &examined.database;
    let database = match examined.tables {
        Tables::Current => Finding::new("database", Status::Ok, format!("{name} can be read")),
        Tables::Earlier => Finding::new(
            "database",
            Status::Warning,
            format!(
                "{name} has the tables of an earlier version, which the next start changes: make a backup before"
            ),
        ),
        Tables::Missing => {
            let next = match examined.pepper {
                Ok(_) => " yet: the first start of `keyhold serve` creates them",
                Err(_) => "",
            };
            Finding::new(
                "database",
                Status::Warning,
                format!("{name} has no tables{next}"),
            )
        }
    };
    [
        Finding::of("clock", of_clocks(&examined.clocks)),
        database,
        of_pepper(examined.pepper),
    ]
}

fn of_clocks(clocks: &Clocks) -> Result<String, String> {
    let machine = rfc3339(clocks.machine);
    if let Some(until) = clocks.stands_still_until() {
        return Err(format!(
            "the machine's clock says {machine}, but the database has a record of {}, until which time stands still: correct \
             the clock, or if the record is wrong, stop the server and run `keyhold clock accept`",
            rfc3339(until)
        ));
    }
    match clocks.ahead_ms {
        Some(ahead) if clocks.is_off() => Err(format!(
            "the machine's clock is {}, so that a start is refused: synchronise both clocks",
            apart(ahead)
        )),
        Some(ahead) => Ok(format!("{machine}, {}", apart(ahead))),
        None if clocks.recorded.is_some() => {
            Ok(format!("{machine}, and nothing is recorded ahead of it"))
        }
        None => Ok(machine),
    }
}

/// Returns by how much the machine's clock is off the database's, as a phrase.
fn apart(ahead_ms: i64) -> String {
    let direction = if ahead_ms < 0 { "behind" } else { "ahead of" };
    format!("{} ms {direction} the database's", ahead_ms.unsigned_abs())
}

fn of_pepper(pepper: Result<PepperFound, OpenError>) -> Finding {
    match pepper {
        Ok(PepperFound::Present) => {
            Finding::new("pepper", Status::Ok, "all keys were created with it")
        }
        Ok(PepperFound::Missing) => Finding::new(
            "pepper",
            Status::Warning,
            "there is no pepper file yet: the first start creates it",
        ),
        Err(error) => Finding::new("pepper", Status::Failed, error.to_string()),
    }
}

async fn of_mail(checked: Option<&Checked>) -> Finding {
    let Some(Checked { emails, .. }) = checked else {
        return Finding::not_checked("mail", "the settings are wrong");
    };
    if emails.is_folder() {
        let message = format!("without a mail server, emails go to {emails}");
        return Finding::new("mail", Status::Ok, message);
    }
    Finding::of("mail", probed(emails).await)
}

async fn probed(transport: &Transport) -> Result<String, String> {
    match timeout(MAIL, transport.probe()).await {
        Ok(Ok(())) => Ok(format!(
            "{transport}: the server answers; `keyhold mail test` sends an email"
        )),
        Ok(Err(response)) => Err(format!(
            "{transport}: {response}. Check KEYHOLD_SMTP_URL and the mail server"
        )),
        Err(_) => Err(format!(
            "{transport}: no answer within {} s. Check KEYHOLD_SMTP_URL and the mail server",
            MAIL.as_secs()
        )),
    }
}

async fn of_base_url(checked: Option<&Checked>) -> Finding {
    let Some(Checked { base_url, .. }) = checked else {
        return Finding::not_checked("base_url", "the settings are wrong");
    };
    let request = Request::get(format!("{base_url}/healthz")).body(Body::empty());
    let verdict = match request {
        Ok(request) => judged(
            base_url,
            client::send(request)
                .await
                .map_err(|error| error.to_string()),
        ),
        Err(error) => Err(format!("{base_url}: {error}")),
    };
    Finding::of("base_url", verdict)
}

/// Judges an answer to `GET /healthz`.
fn judged(base_url: &str, answer: Result<Answer, String>) -> Result<String, String> {
    let answer = answer.map_err(|reason| {
        format!(
            "{base_url} cannot be reached: {reason}. Is `keyhold serve` running, and does its proxy pass requests on?"
        )
    })?;
    let status = answer.status.as_u16();
    let target = answer.headers.get(header::LOCATION);
    let first = answer.body.lines().next().unwrap_or_default();
    let first: String = first.chars().take(100).collect();
    match answer.status {
        StatusCode::OK if answer.body.trim() == "ok" => Ok(format!(
            "{base_url} answers, and verification can be trusted"
        )),
        StatusCode::OK => Err(format!(
            "{base_url}: another program than Keyhold answers there. Correct KEYHOLD_BASE_URL or the proxy"
        )),
        StatusCode::SERVICE_UNAVAILABLE => Err(format!(
            "{base_url} answers 503: {}. `GET /readyz` names the causes",
            first.escape_debug()
        )),
        status if status.is_redirection() => Err(format!(
            "{base_url} redirects to {}. Set KEYHOLD_BASE_URL to the address that browsers use in the end",
            target.map_or("nowhere".into(), |target| refused(
                &String::from_utf8_lossy(target.as_bytes())
            )
            .escape_debug()
            .to_string())
        )),
        _ => Err(format!(
            "{base_url} answers {status} to /healthz. Does the proxy pass all paths on to Keyhold?"
        )),
    }
}

fn table(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let status = match finding.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Failed => "failed",
        };
        // One line for each, whatever a server has answered. Writing to a string cannot fail.
        let message = finding
            .message
            .replace(|character: char| character.is_control(), " ");
        let _ = writeln!(text, "{status:<7}  {:<10}  {message}", finding.check);
    }
    text
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    fn clocks(ahead_ms: Option<i64>, recorded_after: i64) -> Result<String, String> {
        let machine = 1_795_435_200_000;
        of_clocks(&Clocks {
            machine,
            ahead_ms,
            recorded: Some(machine + recorded_after),
        })
    }

    #[test]
    fn a_clock_may_be_two_seconds_off() {
        for (ahead_ms, recorded_after, expected) in [
            (
                None,
                -5,
                Ok("2026-11-23T12:00:00.000Z, and nothing is recorded ahead of it"),
            ),
            (None, 2_000, Ok("nothing is recorded ahead")),
            (None, 2_001, Err("until which time stands still")),
            (Some(-2_000), 0, Ok("2000 ms behind the database's")),
            (Some(3), 0, Ok("3 ms ahead of the database's")),
            (Some(2_001), 0, Err("so that a start is refused")),
        ] {
            match (clocks(ahead_ms, recorded_after), expected) {
                (Ok(said), Ok(part)) | (Err(said), Err(part)) => {
                    assert!(said.contains(part), "{said}");
                }
                (said, _) => panic!("{ahead_ms:?} {recorded_after}: {said:?}"),
            }
        }
    }

    #[test]
    fn an_answer_is_judged_by_its_status_and_text() {
        for (status, location, body, expected) in [
            (200, "", "ok\n", Ok("verification can be trusted")),
            (200, "", "<html>", Err("another program")),
            (503, "", "starting\nmore", Err("answers 503: starting. ")),
            (404, "", "", Err("answers 404")),
            (
                301,
                "https://other.example/",
                "",
                Err("redirects to https://other.example/. Set"),
            ),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(target) = location.parse()
                && !location.is_empty()
            {
                headers.insert(header::LOCATION, target);
            }
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap_or_default(),
                headers,
                body: body.to_owned(),
            };
            match (judged("https://keys.example.com", Ok(answer)), expected) {
                (Ok(said), Ok(part)) | (Err(said), Err(part)) => {
                    assert!(said.contains(part), "{said}");
                }
                (said, _) => panic!("{status} {body}: {said:?}"),
            }
        }
    }

    #[test]
    fn each_finding_is_one_line() {
        let text = table(&[
            Finding::new("settings", Status::Ok, "good"),
            Finding::new("mail", Status::Failed, "550 a\nb\u{1b}"),
        ]);
        assert_eq!(
            text,
            "ok       settings    good\nfailed   mail        550 a b \n"
        );
    }
}
