//! What a file made itself. The old release does not know it, so nothing that happens to it can break that release,
//! and a table that was made a moment ago is empty, so no lock on it lasts.
//!
//! What was made perhaps (`CREATE .. IF NOT EXISTS`, anything in a `DO` block) counts for what is added to it, as tools
//! write whole migrations that way; it does not count for what is dropped, renamed or changed.

use super::name::{Name, name};
use super::own::is_serial;
use squawk_syntax::ast::{self, AlterColumnOption as Change, AlterTableAction as Action, AstNode, Constraint};
use std::collections::{HashMap, HashSet};

/// Whether something was made, or was perhaps there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Made {
    Perhaps,
    Certainly,
}

/// The objects that the statements so far made.
#[derive(Default)]
pub(super) struct Known {
    tables: HashMap<Name, Made>,
    types: HashSet<Name>,
    /// By table.
    columns: HashMap<Name, HashMap<Name, Column>>,
}

/// What the rows of the old release get in a column that it does not know.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub made: Made,
    /// Otherwise NULL.
    pub has_default: bool,
    pub not_null: bool,
}

impl Known {
    /// Whether a statement touches nothing but tables and types that were made so far, and so surely.
    pub fn is_new(&self, statement: &ast::Stmt, surely: Made) -> bool {
        let table = |table: Option<ast::TableNameRef>| {
            let made = table.and_then(|table| self.tables.get(&name(table.syntax())));
            made.is_some_and(|made| *made >= surely)
        };
        let ty = |ty: ast::TypeNameRef| self.types.contains(&name(ty.syntax()));
        let relation = |relation: ast::TableRelationName| relation.table_name_ref();
        match statement {
            ast::Stmt::AlterTable(alter) => table(alter.table_relation_name().and_then(relation)),
            ast::Stmt::CreateIndex(index) => table(index.table_relation_name().and_then(relation)),
            ast::Stmt::DropTable(drop) => drop.table_name_refs().all(|dropped| table(Some(dropped))),
            ast::Stmt::Truncate(truncate) => {
                truncate.table_list().is_some_and(|list| list.table_relation_names().all(|t| table(relation(t))))
            }
            ast::Stmt::AlterType(alter) => alter.type_name_ref().is_some_and(ty),
            ast::Stmt::DropType(drop) => drop.type_name_refs().all(ty),
            _ => false,
        }
    }

    /// The new columns of one table, to go through its changes one by one.
    pub fn of_table(&self, table: &Name) -> Known {
        let columns = self.columns.get(table).map(|columns| (table.clone(), columns.clone()));
        Known { columns: columns.into_iter().collect(), ..Known::default() }
    }

    /// A column that was made so far.
    pub fn column(&self, table: &Name, column: Option<ast::ColumnNameRef>) -> Option<Column> {
        self.column_named(table, name(column?.syntax()))
    }

    pub fn column_named(&self, table: &Name, column: Name) -> Option<Column> {
        self.columns.get(table)?.get(&column).copied()
    }

    /// Takes note of what a statement makes, and of what it takes away.
    pub fn learn(&mut self, statement: &ast::Stmt, made: Made) {
        let unless_there = |option: Option<ast::IfNotExists>| if option.is_some() { Made::Perhaps } else { made };
        match statement {
            ast::Stmt::CreateTable(table) => {
                let made = unless_there(table.if_not_exists());
                self.tables.extend(table.table_name().map(|table| (name(table.syntax()), made)));
            }
            ast::Stmt::CreateTableAs(table) => {
                let made = unless_there(table.if_not_exists());
                self.tables.extend(table.table_name().map(|table| (name(table.syntax()), made)));
            }
            ast::Stmt::CreateType(ty) if made == Made::Certainly => {
                self.types.extend(ty.type_name().map(|ty| name(ty.syntax())));
            }
            // What is dropped may be made again, perhaps.
            ast::Stmt::DropTable(drop) => drop.table_name_refs().for_each(|table| {
                self.tables.remove(&name(table.syntax()));
            }),
            ast::Stmt::DropType(drop) => drop.type_name_refs().for_each(|ty| {
                self.types.remove(&name(ty.syntax()));
            }),
            ast::Stmt::AlterType(ty) => {
                let Some(ast::AlterTypeAction::TypeRenameTo(to)) = ty.action() else { return };
                let (Some(from), Some(to)) = (ty.type_name_ref(), to.type_name()) else { return };
                let from = name(from.syntax());
                if self.types.remove(&from) {
                    self.types.insert(beside(from, name(to.syntax())));
                }
            }
            ast::Stmt::AlterTable(table) => {
                let Some(name) = altered(table) else { return };
                table.actions().for_each(|action| self.learn_action(&name, &action, made));
            }
            _ => {}
        }
    }

    pub fn learn_action(&mut self, table: &Name, action: &Action, made: Made) {
        match action {
            Action::TableRenameTo(to) => {
                let Some(to) = to.table_name() else { return };
                if let Some(made) = self.tables.remove(table) {
                    self.tables.insert(beside(table.clone(), name(to.syntax())), made);
                }
            }
            Action::AddColumn(column) => {
                let Some(added) = column.column_name() else { return };
                let made = if column.if_not_exists().is_some() { Made::Perhaps } else { made };
                let columns = self.columns.entry(table.clone()).or_default();
                columns.insert(name(added.syntax()), Column { made, ..added_column(column) });
            }
            Action::DropColumn(drop) => {
                let Some(dropped) = drop.column_name_ref() else { return };
                if let Some(columns) = self.columns.get_mut(table) {
                    columns.remove(&name(dropped.syntax()));
                }
            }
            Action::RenameColumn(renamed) => {
                let (Some(from), Some(to)) = (renamed.column_name_ref(), renamed.column_name()) else { return };
                let Some(columns) = self.columns.get_mut(table) else { return };
                if let Some(column) = columns.remove(&name(from.syntax())) {
                    columns.insert(name(to.syntax()), column);
                }
            }
            Action::AlterColumn(alter) => {
                let Some(of) = alter.column_name_ref() else { return };
                let columns = self.columns.get_mut(table);
                let Some(column) = columns.and_then(|columns| columns.get_mut(&name(of.syntax()))) else { return };
                match alter.option() {
                    // What happens perhaps does not count on the safe side.
                    Some(Change::SetDefault(_) | Change::AddGenerated(_)) => {
                        column.has_default |= made == Made::Certainly;
                    }
                    Some(Change::DropDefault(_) | Change::DropIdentity(_)) => column.has_default = false,
                    Some(Change::SetNotNull(_)) => column.not_null = true,
                    Some(Change::DropNotNull(_)) => column.not_null &= made == Made::Perhaps,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The table that a statement alters.
pub(super) fn altered(table: &ast::AlterTable) -> Option<Name> {
    Some(name(table.table_relation_name()?.table_name_ref()?.syntax()))
}

/// The new name stands in the schema of the old one.
fn beside(mut old: Name, new: Name) -> Name {
    old.pop();
    old.extend(new);
    old
}

/// What `ADD COLUMN` gives to the rows that leave the column out.
pub(super) fn added_column(column: &ast::AddColumn) -> Column {
    let has = |wanted: fn(&Constraint) -> bool| column.constraints().any(|constraint| wanted(&constraint));
    let serial = is_serial(column);
    let has_default = has(|c| matches!(c, Constraint::DefaultConstraint(_) | Constraint::GeneratedConstraint(_)));
    let not_null = has(|c| matches!(c, Constraint::NotNullConstraint(_) | Constraint::PrimaryKeyConstraint(_)));
    Column { made: Made::Certainly, has_default: serial || has_default, not_null: serial || not_null }
}
