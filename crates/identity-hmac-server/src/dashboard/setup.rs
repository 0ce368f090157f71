//! What a customer puts into its pages and backends.

use askama::Template;

use super::page::{self, Page};
use super::params::Organization;
use crate::organization::OrganizationView;

/// A page that passes on what its backend signs, as `docs/reference/browser.md` has it.
const PAGE: &str = include_str!("snippets/page.mjs");
/// What stands in it for the organization key.
const ANY_KEY: &str = "pk_…";

/// A program that signs, as `docs/tokens.md` or a quick start has it.
struct Snippet {
    title: &'static str,
    install: &'static str,
    code: &'static str,
}

/// With this project's packages.
const OURS: [Snippet; 4] = [
    Snippet {
        title: "Node",
        install: "npm install identity-hmac",
        code: include_str!("snippets/node.mjs"),
    },
    Snippet {
        title: "Python",
        install: "pip install identity-hmac",
        code: include_str!("snippets/python.py"),
    },
    Snippet {
        title: "Ruby",
        install: "gem install identity_hmac",
        code: include_str!("snippets/ruby.rb"),
    },
    Snippet {
        title: "Rust",
        install: "cargo add identity-hmac --features token",
        code: include_str!("snippets/rust.rs"),
    },
];

/// With a library for JSON Web Tokens.
const LIBRARIES: [Snippet; 4] = [
    Snippet {
        title: "jsonwebtoken (Node)",
        install: "npm install jsonwebtoken",
        code: include_str!("snippets/jsonwebtoken.mjs"),
    },
    Snippet {
        title: "jose (Node)",
        install: "npm install jose",
        code: include_str!("snippets/jose.mjs"),
    },
    Snippet {
        title: "PyJWT (Python)",
        install: "pip install pyjwt",
        code: include_str!("snippets/pyjwt.py"),
    },
    Snippet {
        title: "ruby-jwt",
        install: "gem install jwt",
        code: include_str!("snippets/ruby_jwt.rb"),
    },
];

/// With this project's packages and the secret, for those who have no tokens yet.
const HMAC: [Snippet; 4] = [
    Snippet {
        title: "An hmac in Node",
        install: "npm install identity-hmac",
        code: include_str!("snippets/hmac.mjs"),
    },
    Snippet {
        title: "An hmac in Python",
        install: "pip install identity-hmac",
        code: include_str!("snippets/hmac.py"),
    },
    Snippet {
        title: "An hmac in Ruby",
        install: "gem install identity_hmac",
        code: include_str!("snippets/hmac.rb"),
    },
    Snippet {
        title: "An hmac in Rust",
        install: "cargo add identity-hmac",
        code: include_str!("snippets/hmac.rs"),
    },
];

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    page: String,
    organization: OrganizationView,
}

/// Shows the programs, with the organization key in them and no secret.
pub(super) async fn show(Organization(organization): Organization) -> Page {
    page::render(&SetupPage {
        page: PAGE.replace(ANY_KEY, &organization.organization_key),
        organization,
    })
}
