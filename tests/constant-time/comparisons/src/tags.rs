//! Which variables of a function hold a tag, by their names and by what they were made from.

use std::collections::HashSet;
use std::iter;

use tree_sitter::Node;

use crate::name;

/// A pattern and what its names are bound to, as the grammars call their places.
const BINDINGS: &[(&str, &str)] = &[
    ("left", "right"),
    ("name", "value"),
    ("pattern", "type"),
    ("pattern", "value"),
];

/// What has the value of its last expression.
const BLOCKS: &[&str] = &["block", "block_body", "statement_block"];

/// What reads an entry by a text: only there is a literal the name of a value.
const LOOKUPS: &[&str] = &["dig", "fetch", "get", "header", "headers"];
const SUBSCRIPTS: &[&str] = &[
    "element_reference",
    "index_expression",
    "subscript",
    "subscript_expression",
];

/// Where the grammars keep the name of what is called or read.
const CALLED: &[&str] = &[
    "attribute",
    "field",
    "function",
    "macro",
    "method",
    "name",
    "property",
];

/// The variables that hold a tag although their names do not say so.
#[derive(Clone, Default)]
pub(crate) struct Tags<'a> {
    names: HashSet<&'a str>,
}

impl<'a> Tags<'a> {
    /// Adds what the `nodes` of one scope bind, however long the chain.
    pub(crate) fn follow(&mut self, nodes: &[Node<'a>], text: &'a str) {
        let mut known = usize::MAX;
        while known != self.names.len() {
            known = self.names.len();
            for &node in nodes {
                self.bind(node, text);
            }
        }
    }

    fn bind(&mut self, node: Node<'a>, text: &'a str) {
        let field = |name| node.child_by_field_name(name);
        let mentioned = |node: Node| self.mentioned_in(node, text);
        match node.kind() {
            "impl_item" => {
                if field("type").is_some_and(mentioned) {
                    self.names.extend(["self", "Self"]);
                }
            }
            "match_arm" => {
                let matched = node
                    .parent()
                    .and_then(|arms| arms.parent()?.child_by_field_name("value"));
                if matched.is_some_and(mentioned)
                    && let Some(pattern) = field("pattern").and_then(|guarded| guarded.child(0))
                {
                    self.add(pattern, text);
                }
            }
            // What a method hands to a closure comes from its receiver or the other arguments.
            "closure_expression" | "arrow_function" | "block" | "do_block" => {
                if let Some(parameters) = field("parameters").or(field("parameter"))
                    && call_around(node).is_some_and(|call| parts_beside(call, node).any(mentioned))
                {
                    self.add(parameters, text);
                }
            }
            "keyword_argument" => {}
            // The arguments of a macro are not parsed.
            "token_tree" => {
                for statement in statements(node, text) {
                    let place = |word| statement.iter().position(|part| part.kind() == word);
                    if let (Some(begin), Some(equals)) = (place("let"), place("="))
                        && begin < equals
                        && statement[equals..]
                            .iter()
                            .any(|&part| self.mentioned_in(part, text))
                    {
                        for &pattern in &statement[begin..equals] {
                            self.add(pattern, text);
                        }
                    }
                }
            }
            _ => {
                for (pattern, source) in BINDINGS {
                    if let (Some(pattern), Some(source)) = (field(pattern), field(source))
                        && self.mentioned_in(source, text)
                    {
                        self.add(pattern, text);
                    }
                }
            }
        }
    }

    fn add(&mut self, pattern: Node<'a>, text: &'a str) {
        for leaf in leaves(pattern) {
            let name = &text[leaf.byte_range()];
            // Not the constructors in a pattern.
            if leaf.is_named()
                && leaf.kind().contains("identifier")
                && name.starts_with(|c: char| c.is_lowercase() || c == '_')
            {
                self.names.insert(name);
            }
        }
    }

    /// Whether the value of `node` has to do with a tag.
    pub(crate) fn mentioned_in(&self, node: Node, text: &str) -> bool {
        let is_typeof = node.child(0).is_some_and(|first| first.kind() == "typeof");
        if is_typeof || called_name(node, text).is_some_and(name::is_fact) {
            return false;
        }
        if BLOCKS.contains(&node.kind()) {
            let last = children(node).filter(Node::is_named).last();
            return last.is_some_and(|last| self.mentioned_in(last, text));
        }
        if node.child_count() > 0 {
            return children(node).any(|child| self.mentioned_in(child, text));
        }
        let name = text[node.byte_range()].trim_start_matches(':');
        let is_name = node.is_named()
            && !node.kind().contains("comment")
            && !name.contains(' ')
            && !is_variant(node, name)
            && !is_asked_for_fact(node, text)
            && (!is_literal(node) || is_looked_up(node, text));
        is_name && (name::is_tag(name) || self.names.contains(name))
    }
}

/// Whether a leaf is a variant of an enum that holds nothing, as in `Proof::Hmac`.
fn is_variant(leaf: Node, name: &str) -> bool {
    let whole = leaf
        .parent()
        .filter(|parent| parent.kind() == "scoped_identifier")
        .unwrap_or(leaf);
    let holds_something = whole
        .next_sibling()
        .is_some_and(|next| ["arguments", "token_tree"].contains(&next.kind()));
    let is_in_path = leaf
        .prev_sibling()
        .is_some_and(|previous| previous.kind() == "::");
    is_in_path && name.starts_with(char::is_uppercase) && !holds_something
}

/// Whether a leaf in the arguments of a macro has a method called on it that gives what is public.
fn is_asked_for_fact(leaf: Node, text: &str) -> bool {
    let method = leaf
        .next_sibling()
        .filter(|dot| dot.kind() == ".")
        .and_then(|dot| dot.next_sibling());
    let is_in_macro = leaf
        .parent()
        .is_some_and(|parent| parent.kind() == "token_tree");
    is_in_macro && method.is_some_and(|method| name::is_fact(&text[method.byte_range()]))
}

/// The arguments of a macro, cut where a statement or an argument ends. A block ends a statement and
/// is its last part.
pub(crate) fn statements<'a>(token_tree: Node<'a>, text: &str) -> Vec<Vec<Node<'a>>> {
    let mut statements = vec![Vec::new()];
    for part in children(token_tree) {
        if ![";", ","].contains(&part.kind())
            && let Some(last) = statements.last_mut()
        {
            last.push(part);
            if !is_block(part, text) {
                continue;
            }
        }
        statements.push(Vec::new());
    }
    statements
}

pub(crate) fn is_block(part: Node, text: &str) -> bool {
    part.kind() == "token_tree" && text[part.byte_range()].starts_with('{')
}

/// Whether a leaf is the content of a text that stands in the code.
fn is_literal(leaf: Node) -> bool {
    leaf.parent()
        .is_some_and(|parent| parent.kind().contains("string"))
}

/// Whether the text around `content` says which entry of a collection is read.
fn is_looked_up(content: Node, text: &str) -> bool {
    let Some(place) = content.parent().and_then(|literal| literal.parent()) else {
        return false;
    };
    let is_lookup = |call| called_name(call, text).is_some_and(|name| LOOKUPS.contains(&name));
    SUBSCRIPTS.contains(&place.kind())
        || place.kind().contains("argument") && place.parent().is_some_and(is_lookup)
}

/// The name of the function, method or field that `node` calls or reads.
pub(crate) fn called_name<'a>(node: Node<'a>, text: &'a str) -> Option<&'a str> {
    let called = |node: Node<'a>| {
        CALLED
            .iter()
            .find_map(|field| node.child_by_field_name(field))
    };
    let name = iter::successors(called(node), |&node| called(node)).last()?;
    Some(&text[name.byte_range()])
}

pub(crate) fn children(node: Node) -> impl Iterator<Item = Node> {
    (0..).map_while(move |place| node.child(place))
}

fn leaves(node: Node) -> Vec<Node> {
    if node.child_count() == 0 {
        return vec![node];
    }
    children(node).flat_map(leaves).collect()
}

/// The call that `closure` is itself an argument or the block of.
fn call_around(closure: Node) -> Option<Node> {
    let parent = closure.parent()?;
    let is_call = |node: &Node| node.kind().contains("call");
    if parent.kind().contains("argument") {
        parent.parent().filter(is_call)
    } else {
        Some(parent).filter(is_call)
    }
}

/// The receiver of `call` and its arguments other than `closure`.
fn parts_beside<'a>(call: Node<'a>, closure: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    children(call)
        .flat_map(|part| {
            if part.kind().contains("argument") {
                children(part).collect()
            } else {
                vec![part]
            }
        })
        .filter(move |&part| part != closure)
}
