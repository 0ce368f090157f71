//! The grammars of the languages that the product is written in.

use anyhow::{Context, ensure};
use tree_sitter::{Language, Parser, Tree};

/// How a file is parsed.
pub(crate) struct Syntax(Language);

impl Syntax {
    /// The syntax of files with this `extension`; `None` if they are not source.
    pub(crate) fn of(extension: &str) -> Option<Self> {
        let language = match extension {
            "rs" => tree_sitter_rust::LANGUAGE,
            "py" => tree_sitter_python::LANGUAGE,
            "rb" => tree_sitter_ruby::LANGUAGE,
            // Which JavaScript is a part of.
            "ts" | "mts" | "js" | "mjs" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            _ => return None,
        };
        Some(Self(language.into()))
    }

    /// Parses `text`, whole: what the grammar does not understand would go unread.
    pub(crate) fn parse(&self, text: &str) -> anyhow::Result<Tree> {
        let mut parser = Parser::new();
        parser.set_language(&self.0)?;
        let tree = parser.parse(text, None).context("no syntax tree")?;
        ensure!(
            !tree.root_node().has_error(),
            "the grammar does not understand all of this file"
        );
        Ok(tree)
    }
}
