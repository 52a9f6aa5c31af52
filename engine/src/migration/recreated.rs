//! What is dropped and made again further down in the same file: `DROP TRIGGER IF EXISTS a ..; CREATE TRIGGER a ..`.

use super::known::altered;
use super::name::{Name, name};
use squawk_linter::Rule;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AlterTableAction as Action, AstNode};
use std::collections::HashMap;
use std::ops::Range;

/// Where in a file something was last made.
pub(super) struct Recreated {
    last: HashMap<(Kind, Name), usize>,
}

/// What belongs to a table is named with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Trigger,
    Policy,
    Index,
    Constraint,
}

impl Recreated {
    pub fn read(file: &ast::SourceFile) -> Recreated {
        let mut last = HashMap::new();
        let mut made = |kind, name: Option<Name>, node: &SyntaxNode| {
            last.extend(name.map(|name| ((kind, name), node.text_range().start().into())));
        };
        for statement in file.stmts() {
            match statement {
                ast::Stmt::CreateTrigger(create) => {
                    let table = create.on_relation().and_then(|on| on.relation_name_ref());
                    made(Kind::Trigger, both(table, create.trigger()), create.syntax());
                }
                ast::Stmt::CreatePolicy(create) => {
                    let table = create.on_table().and_then(|on| on.table_name_ref());
                    made(Kind::Policy, both(table, create.policy()), create.syntax());
                }
                // The schema stands in DROP INDEX only.
                ast::Stmt::CreateIndex(create) => made(Kind::Index, last_part(create.index()), create.syntax()),
                ast::Stmt::AlterTable(table) => {
                    let of = altered(&table).unwrap_or_default();
                    for action in table.actions() {
                        let Action::AddConstraint(add) = &action else { continue };
                        let added = add.constraint().and_then(|constraint| constraint.constraint_name());
                        made(Kind::Constraint, added.map(|added| beside(&of, added.syntax())), add.syntax());
                    }
                }
                _ => {}
            }
        }
        Recreated { last }
    }

    /// Whether what a rule found in this statement is dropped only to be made again.
    pub fn is_made_again(&self, statement: &ast::Stmt, rule: Rule, found: &Range<usize>) -> bool {
        let later = |kind, name: Option<Name>| {
            let made = name.and_then(|name| self.last.get(&(kind, name)));
            made.is_some_and(|made| *made >= found.end)
        };
        match (rule, statement) {
            (Rule::BanDropTrigger, ast::Stmt::DropTrigger(drop)) => {
                let table = drop.on_relation().and_then(|on| on.relation_name_ref());
                later(Kind::Trigger, both(table, drop.trigger_ref()))
            }
            (Rule::BanDropPolicy, ast::Stmt::DropPolicy(drop)) => {
                let table = drop.on_table().and_then(|on| on.table_name_ref());
                later(Kind::Policy, both(table, drop.policy_ref()))
            }
            (Rule::BanDropIndex, ast::Stmt::DropIndex(drop)) => {
                drop.index_refs().all(|index| later(Kind::Index, last_part(Some(index))))
            }
            (Rule::BanDropConstraint, ast::Stmt::AlterTable(table)) => {
                let of = altered(table).unwrap_or_default();
                table.actions().any(|action| match action {
                    Action::DropConstraint(drop) if range(drop.syntax()).contains(&found.start) => {
                        let dropped = drop.constraint_name_ref().map(|dropped| beside(&of, dropped.syntax()));
                        later(Kind::Constraint, dropped)
                    }
                    _ => false,
                })
            }
            _ => false,
        }
    }
}

fn range(node: &SyntaxNode) -> Range<usize> {
    node.text_range().into()
}

fn both(table: Option<impl AstNode>, own: Option<impl AstNode>) -> Option<Name> {
    Some(beside(&name(table?.syntax()), own?.syntax()))
}

fn beside(table: &Name, own: &SyntaxNode) -> Name {
    table.iter().cloned().chain(name(own)).collect()
}

fn last_part(index: Option<impl AstNode>) -> Option<Name> {
    name(index?.syntax()).pop().map(|last| vec![last])
}
