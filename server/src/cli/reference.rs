//! `keyhold completions` and `keyhold man`: texts that are derived from the command line.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::generate;

use crate::config::commands::{CommandLine, Completions, Man};

/// The reasons why there are no man pages.
#[derive(Debug, thiserror::Error)]
pub enum ManError {
    #[error("--out: the pages cannot be written to {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("the page cannot be written: {0}")]
    Page(#[from] io::Error),
}

/// Returns the completions of a shell.
pub fn completions(command: &Completions) -> String {
    let mut text = Vec::new();
    generate(
        command.shell,
        &mut CommandLine::command(),
        "keyhold",
        &mut text,
    );
    String::from_utf8_lossy(&text).into_owned()
}

/// Returns the man page, in roff; or writes the pages of all commands into a folder, and returns its name.
///
/// # Errors
/// The obstacle in the file system.
pub fn man(command: &Man) -> Result<String, ManError> {
    let line = CommandLine::command();
    if let Some(folder) = &command.out {
        fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(line, folder))
            .map_err(|source| ManError::Folder {
                folder: folder.clone(),
                source,
            })?;
        return Ok(format!("{}\n", folder.display()));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(line).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
