//! What all pages share.

use askama::Template;
use axum::response::Html;

use super::failure::Failure;
use crate::http::Problem;

/// What a handler answers with.
pub(super) type Page = Result<Html<String>, Failure>;

/// Writes a page. Whatever stands in its values is text, never HTML.
pub(super) fn render(template: &impl Template) -> Page {
    let text = template.render();
    text.map(Html)
        .map_err(|error| Problem::internal(&format!("a page: {error}")).into())
}

/// A text of so many characters at most.
pub(super) fn cut(mut text: String, max_chars: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max_chars) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Asks whether to do what cannot be undone, or turns somebody away.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm<'a> {
    /// The organization that is changed.
    pub(super) organization: &'a str,
    /// What is asked, as a heading.
    pub(super) question: &'a str,
    /// What would happen, in sentences.
    pub(super) consequences: Vec<String>,
    /// Where the form goes.
    pub(super) action: String,
    /// What the form sends, by name.
    pub(super) fields: Vec<(&'static str, String)>,
    /// What the button says.
    pub(super) button: &'a str,
    /// Where the way back leads.
    pub(super) back: String,
}

/// Shows a secret, this once.
#[derive(Template)]
#[template(path = "shown_once.html")]
pub(super) struct ShownOnce<'a> {
    /// What was made, as a heading.
    pub(super) title: &'a str,
    /// What the secret is.
    pub(super) label: &'a str,
    /// The secret.
    pub(super) secret: &'a str,
    /// Who needs it, and what for.
    pub(super) purpose: &'a str,
    /// Where to go on.
    pub(super) next: String,
}
