//! Writes the man pages and the completions of both programs below a folder: `manual FOLDER`.
//!
//! They are made of the programs' own arguments, and here, so that neither program carries the generator.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Command;
use clap_complete::Shell;

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("usage: manual FOLDER")?);
    write(
        &folder.join("identity-hmac"),
        identity_hmac_cli::command(),
        identity_hmac_cli::completions,
    )?;
    write(
        &folder.join("identity-hmac-server"),
        identity_hmac_server::command(),
        identity_hmac_server::completions,
    )
}

fn write(folder: &Path, command: Command, completions: fn(Shell) -> String) -> anyhow::Result<()> {
    let (pages, scripts) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&scripts)?;
    let name = command.get_name().to_owned();
    for (shell, file) in [
        (Shell::Bash, format!("{name}.bash")),
        (Shell::Fish, format!("{name}.fish")),
        (Shell::PowerShell, format!("_{name}.ps1")),
        (Shell::Zsh, format!("_{name}")),
    ] {
        fs::write(scripts.join(file), completions(shell))?;
    }
    clap_mangen::generate_to(command, pages)?;
    Ok(())
}
