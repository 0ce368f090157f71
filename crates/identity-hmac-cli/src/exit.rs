//! Exit codes, in one place because scripts rely on them.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::Cli;
use crate::message;

/// An hmac or a token does not verify, or some lines were refused while the others were done.
pub(crate) const REFUSED: u8 = 1;
/// Usage, the secret, or an input that cannot be used: nothing was done. What clap exits with.
const UNUSABLE: u8 = 2;
/// Reading or writing failed part way.
const IO: u8 = 3;
/// The reader of the output has gone. A shell reports this code for a program that SIGPIPE ends. It
/// is not 0, because `verify` has not seen every line then.
const CLOSED_PIPE: u8 = 128 + 13;

/// What `--help` says about them.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    an hmac or a token does not verify, or some lines were refused (the others are done)
  2    wrong usage, or a secret or input that cannot be used
  3    reading or writing failed part way
  141  the reader of a pipe has gone, as in `identity-hmac sign | head -1`
A signal has its usual code, such as 130 for Ctrl-C. What --output names is then as it was.
For doctor's exit codes see `identity-hmac doctor --help`.

In a script, put -- before values that come from elsewhere. Otherwise they may be read as options:
  identity-hmac verify -- \"$id\" \"$hmac\"";

/// Prints what went wrong on standard error, and gives the exit code for it.
///
/// An [`io::Error`] in the error's chain means that reading or writing failed part way. So errors
/// about input that was never usable keep theirs out of the chain.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let io_error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    if io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return CLOSED_PIPE.into();
    }
    message::error(format_args!("{error:#}"));
    ExitCode::from(if io_error.is_some() { IO } else { UNUSABLE })
}

/// Prints the help, or what is wrong with the arguments, and gives the exit code for it.
///
/// Help is a success only if nothing else was asked for. In `verify "$id" "$hmac"`, a client that
/// sends `--help` as its hmac must not get the exit code of a match.
pub(crate) fn report_usage(
    answer: &clap::Error,
    arguments: impl Iterator<Item = OsString>,
) -> ExitCode {
    _ = answer.print();
    let asked_for = matches!(
        answer.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let mut command = Cli::command();
    command.build();
    // Without the command's own name, and up to the option.
    let mut names = arguments.skip(1).collect::<Vec<_>>();
    if names.first().is_none_or(|first| first != "help") {
        names.pop();
    }
    let names_alone = names
        .iter()
        .try_fold(&command, |command, name| command.find_subcommand(name));
    if asked_for && names_alone.is_some() {
        ExitCode::SUCCESS
    } else {
        UNUSABLE.into()
    }
}
