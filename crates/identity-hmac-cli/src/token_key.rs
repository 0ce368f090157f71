//! Where the identity token key comes from: an environment variable, a file or standard input.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use identity_hmac::{InputError, TokenKey};
use zeroize::Zeroizing;

use crate::secret::{Secret, Words};

const VARIABLE: &str = "IDENTITY_TOKEN_KEY";

const WORDS: Words = Words {
    secret: "the token key",
    file: "the token key file",
};

#[derive(Debug, Args)]
pub(crate) struct TokenKeyArgs {
    /// Read the identity token key from FILE, without the line end at its end, instead of the
    /// environment variable `IDENTITY_TOKEN_KEY`; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key_file: Option<PathBuf>,
}

impl TokenKeyArgs {
    /// The key for signing and verifying.
    pub(crate) fn key(&self) -> anyhow::Result<TokenKey> {
        let Secret { name, bytes } = self.find()?;
        Ok(TokenKey::from_setting(&name, Some(&bytes))?)
    }

    /// The bytes, mistakes included, for finding out what is wrong with them. Never empty.
    pub(crate) fn bytes(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let Secret { name, bytes } = self.find()?;
        if bytes.is_empty() {
            return Err(InputError::TokenKeyUnset { name }.into());
        }
        Ok(bytes)
    }

    fn find(&self) -> anyhow::Result<Secret> {
        let unset = || InputError::TokenKeyUnset {
            name: VARIABLE.into(),
        };
        match &self.key_file {
            Some(path) => Secret::from_file(path, &WORDS),
            None => Ok(Secret::from_env(VARIABLE).ok_or_else(unset)?),
        }
    }
}
