//! What squawk's rules find although it cannot hurt: it happens to what the file made itself, or the writes of a
//! release that does not know a new column pass.

use super::finding::Danger;
use super::known::{Column, Known, Made, added_column, altered};
use super::name::{Name, name};
use super::own::is_serial;
use super::rules;
use squawk_linter::Rule;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AlterColumnOption as Change, AlterTableAction as Action, AstNode, Constraint};
use std::ops::Range;

/// Whether what a rule found in this statement cannot hurt. `known` is from the statements before it.
pub(super) fn is_harmless(known: &Known, statement: &ast::Stmt, rule: Rule, found: &Range<usize>) -> bool {
    if known.is_new(statement, surely(rule)) {
        return true;
    }
    match statement {
        ast::Stmt::AlterTable(table) => altered(table).is_some_and(|name| in_table(known, &name, table, rule, found)),
        ast::Stmt::CreateIndex(index) => {
            let table = index.table_relation_name().and_then(|table| table.table_name_ref());
            rule == Rule::BanNewWriteRestriction
                && table.is_some_and(|table| index_passes(known, &name(table.syntax()), index))
        }
        ast::Stmt::Revoke(_) | ast::Stmt::DropOwned(_) | ast::Stmt::DropRole(_) | ast::Stmt::DropUser(_) => false,
        ast::Stmt::AlterGroup(_) => false,
        // A change of owner, and rights on what is made later: no query of the old release is refused for these.
        _ => rule == Rule::BanRevoke,
    }
}

/// How surely a table must be new for a rule to be quiet about it.
fn surely(rule: Rule) -> Made {
    let locks = rules::advice(rule).is_some_and(|advice| advice.danger == Danger::Locks);
    if locks || rule == Rule::BanNewWriteRestriction { Made::Perhaps } else { Made::Certainly }
}

/// Goes through the actions of one statement, which know those before them.
fn in_table(known: &Known, name: &Name, table: &ast::AlterTable, rule: Rule, found: &Range<usize>) -> bool {
    let mut known = known.of_table(name);
    for action in table.actions() {
        let range: Range<usize> = action.syntax().text_range().into();
        if range.contains(&found.start) {
            return in_action(&known, name, &action, rule, found);
        }
        known.learn_action(name, &action, Made::Certainly);
    }
    false
}

fn in_action(known: &Known, table: &Name, action: &Action, rule: Rule, found: &Range<usize>) -> bool {
    let new = |column| known.column(table, column);
    let certain = |column| new(column).is_some_and(|column| column.made == Made::Certainly);
    match (rule, action) {
        (Rule::BanRevoke, _) => true,
        (_, Action::AddColumn(column)) => in_column(column, rule, found),
        (_, Action::DropColumn(drop)) => certain(drop.column_name_ref()),
        (_, Action::RenameColumn(rename)) => certain(rename.column_name_ref()),
        (Rule::BanNewWriteRestriction, Action::AddConstraint(add)) => {
            add.constraint().is_some_and(|constraint| constraint_passes(known, table, &constraint))
        }
        (_, Action::AlterColumn(alter)) => match (rule, alter.option(), new(alter.column_name_ref())) {
            // To number the rows by default takes nothing from an insert that names the column.
            (Rule::BanAlterIdentity, Some(Change::AddGenerated(added)), None) => {
                !matches!(added.generated_when(), Some(ast::GeneratedWhen::GeneratedAlways(_)))
            }
            (Rule::BanNewWriteRestriction, Some(Change::SetNotNull(_)), Some(column)) => column.has_default,
            (Rule::BanDropDefault, _, Some(column)) => column.made == Made::Certainly && !column.not_null,
            (Rule::BanAlterIdentity | Rule::ChangingColumnType, _, Some(column)) => column.made == Made::Certainly,
            _ => false,
        },
        _ => false,
    }
}

/// Whether rows that know nothing of the new columns pass a new constraint.
fn constraint_passes(known: &Known, table: &Name, constraint: &Constraint) -> bool {
    let new = |column: ast::ColumnNameRef| known.column(table, Some(column));
    match constraint {
        // The index has refused them before.
        Constraint::UniqueConstraint(unique) if unique.using_index().is_some() => true,
        Constraint::UniqueConstraint(unique) => unique.index_parameters().is_some_and(|index| {
            !are_nulls_equal(index.nulls_distinct_option())
                && index.column_list().is_some_and(|list| list.column_name_refs().filter_map(new).any(is_null))
        }),
        // One NULL among the columns is enough (MATCH SIMPLE). MATCH FULL wants all of them NULL, which they are when
        // the old release knows none. A default stands in the other table, or the migration fails.
        Constraint::ForeignKeyConstraint(key) => {
            let list = key.syntax().children().find_map(ast::ForeignKeyColumnList::cast);
            list.is_some_and(|list| match key.match_type() {
                None | Some(ast::MatchType::MatchSimple(_)) => {
                    let mut columns = list.column_name_refs().map(new);
                    columns.any(|column| column.is_some_and(is_null))
                        || list.column_name_refs().all(|c| new(c).is_some())
                }
                _ => list.column_name_refs().all(|column| new(column).is_some()),
            })
        }
        // NULL passes a check, unless the check asks for it.
        Constraint::CheckConstraint(check) => check.expr().is_some_and(|check| {
            let mut names = check.syntax().descendants().filter_map(ast::NameRef::cast).peekable();
            names.peek().is_some()
                && names.all(|column| known.column_named(table, name(column.syntax())).is_some_and(is_null))
                && !asks_for_null(check.syntax())
        }),
        _ => false,
    }
}

/// A unique index does not refuse NULLs, unless it says so.
fn index_passes(known: &Known, table: &Name, index: &ast::CreateIndex) -> bool {
    let new = |item: ast::PartitionItem| known.column_named(table, name(item.expr()?.syntax()));
    !are_nulls_equal(index.nulls_distinct_option())
        && index.partition_item_list().is_some_and(|list| list.partition_items().filter_map(new).any(is_null))
}

/// What a rule found in `ADD COLUMN`: the old release leaves the column out.
fn in_column(column: &ast::AddColumn, rule: Rule, found: &Range<usize>) -> bool {
    let has_default = added_column(column).has_default;
    let constraint = column.constraints().find(|constraint| {
        let range: Range<usize> = constraint.syntax().text_range().into();
        range.contains(&found.start)
    });
    match (rule, constraint) {
        (Rule::AddingRequiredField, _) => has_default,
        // Computed when it is read: nothing is stored.
        (Rule::AddingFieldWithDefault, Some(Constraint::GeneratedConstraint(generated))) => {
            matches!(generated.generated_as(), Some(ast::GeneratedAs::GeneratedStored(computed))
                if matches!(computed.generated_kind(), Some(ast::GeneratedKind::Virtual(_))))
        }
        (Rule::BanAlterGeneratedExpression, _) => true,
        (Rule::BanNewWriteRestriction, Some(constraint)) => match constraint {
            // The rule `adding-required-field` is exact about NOT NULL.
            Constraint::NotNullConstraint(_) | Constraint::ReferencesConstraint(_) => true,
            Constraint::CheckConstraint(check) => {
                has_default || check.expr().is_some_and(|check| !asks_for_null(check.syntax()))
            }
            // One constant for all rows is not unique; numbers are.
            Constraint::UniqueConstraint(unique) => {
                let nulls = unique.index_parameters().and_then(|index| index.nulls_distinct_option());
                is_numbered(column) || (!has_default && !are_nulls_equal(nulls))
            }
            Constraint::PrimaryKeyConstraint(_) => is_numbered(column),
            _ => false,
        },
        _ => false,
    }
}

fn is_null(column: Column) -> bool {
    !column.has_default
}

fn are_nulls_equal(option: Option<ast::NullsDistinctOption>) -> bool {
    matches!(option, Some(ast::NullsDistinctOption::NullsNotDistinct(_)))
}

/// Whether an expression may be false for NULL: it names NULL, or calls what may look for it.
fn asks_for_null(expression: &SyntaxNode) -> bool {
    let calls = expression.descendants().any(|node| ast::CallExpr::can_cast(node.kind()));
    let text = expression.text().to_string().to_ascii_lowercase();
    calls || ["null", "distinct", "case", " is "].iter().any(|word| text.contains(word))
}

/// Whether every row gets a value of its own.
fn is_numbered(column: &ast::AddColumn) -> bool {
    is_serial(column)
        || column.constraints().any(|constraint| match constraint {
            Constraint::GeneratedConstraint(generated) => {
                matches!(generated.generated_as(), Some(ast::GeneratedAs::GeneratedIdentity(_)))
            }
            Constraint::DefaultConstraint(default) => matches!(default.expr(), Some(ast::Expr::CallExpr(_))),
            _ => false,
        })
}
