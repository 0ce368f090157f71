//! Finds the comparisons of a file in which a tag takes part.

use std::collections::BTreeSet;
use std::iter;

use tree_sitter::Node;

use crate::name;
use crate::syntax::Syntax;
use crate::tags::{Tags, called_name, children, is_block, statements};

const OPERATORS: &[&str] = &[
    "==", "!=", "===", "!==", "<", "<=", ">", ">=", "<=>", "=~", "in", "not in", "is",
];
/// To compare with nothing is to ask whether there is a tag.
const NOTHING: &[&str] = &["None", "nil", "null", "undefined", "''", "\"\""];
/// Functions, and what else has variables of its own.
const SCOPES: &[&str] = &[
    "function_item",
    "impl_item",
    "function_definition",
    "class_definition",
    "method",
    "singleton_method",
    "function_declaration",
    "method_definition",
];

/// The lines of `text` that compare a tag, or derive such a comparison.
pub(crate) fn find(text: &str, syntax: &Syntax) -> anyhow::Result<Vec<usize>> {
    let tree = syntax.parse(text)?;
    let mut lines = BTreeSet::new();
    search(tree.root_node(), &Tags::default(), text, &mut lines);
    Ok(lines.into_iter().collect())
}

fn search<'a>(scope: Node<'a>, outer: &Tags<'a>, text: &'a str, lines: &mut BTreeSet<usize>) {
    let mut nodes = vec![scope];
    let mut inner = Vec::new();
    collect(scope, text, &mut nodes, &mut inner);
    let mut tags = outer.clone();
    tags.follow(&nodes, text);
    let comparisons = nodes
        .iter()
        .filter(|&&node| compares_tag(node, &tags, text));
    lines.extend(comparisons.map(|node| node.start_position().row + 1));
    for scope in inner {
        search(scope, &tags, text, lines);
    }
}

fn collect<'a>(node: Node<'a>, text: &str, nodes: &mut Vec<Node<'a>>, inner: &mut Vec<Node<'a>>) {
    for child in children(node) {
        if is_test(child, text) {
            continue;
        }
        if SCOPES.contains(&child.kind()) {
            inner.push(child);
        } else {
            nodes.push(child);
            collect(child, text, nodes, inner);
        }
    }
}

/// Whether `item` stands below `#[cfg(test)]`.
fn is_test(item: Node, text: &str) -> bool {
    attributes(item, text).any(|attribute| attribute == "#[cfg(test)]")
}

fn compares_tag(node: Node, tags: &Tags, text: &str) -> bool {
    let mentioned = |node| tags.mentioned_in(node, text);
    let has_one_of =
        |list: &[&str]| children(node).any(|part| list.contains(&&text[part.byte_range()]));
    match node.kind() {
        "binary_expression" | "binary" | "comparison_operator" => {
            has_one_of(OPERATORS) && !has_one_of(NOTHING) && children(node).any(mentioned)
        }
        "call_expression" | "call" | "macro_invocation" => {
            called_name(node, text).is_some_and(name::is_comparing) && children(node).any(mentioned)
        }
        // Ruby's and JavaScript's, which compare value after value.
        "case" | "switch_statement" => node.child_by_field_name("value").is_some_and(mentioned),
        // The arguments of a macro are not parsed.
        "token_tree" => statements(node, text).iter().any(|statement| {
            let is_comparing =
                |part: &Node| ["==", "!=", "eq", "ne"].contains(&&text[part.byte_range()]);
            let is_tag = |part: &Node| !is_block(*part, text) && tags.mentioned_in(*part, text);
            statement.iter().any(is_comparing) && statement.iter().any(is_tag)
        }),
        "struct_item" | "enum_item" => {
            derives_equality(node, text) && declares_tag(node, tags, text)
        }
        _ => false,
    }
}

fn derives_equality(item: Node, text: &str) -> bool {
    attributes(item, text).any(|attribute| {
        attribute.contains("derive(")
            && !attribute.starts_with("#[cfg_attr(test,")
            && (attribute.contains("PartialEq") || attribute.contains("Hash"))
    })
}

/// Whether a type is a tag by its own name, or by the name or the type of a field.
fn declares_tag(item: Node, tags: &Tags, text: &str) -> bool {
    children(item).any(|part| match part.kind() {
        "type_identifier" | "field_declaration" | "ordered_field_declaration_list" => {
            tags.mentioned_in(part, text)
        }
        _ => declares_tag(part, tags, text),
    })
}

/// The attributes of a Rust item.
fn attributes<'a>(item: Node<'a>, text: &'a str) -> impl Iterator<Item = &'a str> {
    iter::successors(item.prev_sibling(), Node::prev_sibling)
        .take_while(|node| ["attribute_item", "line_comment"].contains(&node.kind()))
        .map(|node| &text[node.byte_range()])
}
