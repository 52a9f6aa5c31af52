//! The rules that squawk does not have: statements that take a heavy lock for as long as the table is large.

use super::finding::Danger::{self, Breaks, Locks};
use super::name::name;
use super::rules::Advice;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};
use std::ops::Range;

/// What one of these rules found.
pub(super) struct Found {
    pub rule: &'static str,
    pub range: Range<usize>,
    pub advice: Advice,
}

/// Their names. One finds what a rule of squawk overlooks, and goes by its name.
pub(super) const NAMES: [&str; 7] = [
    "unread-block",
    "truncate",
    "lock-table",
    "vacuum-full",
    "cluster",
    "refresh-without-concurrently",
    "rewriting-table",
];

fn found(rule: &'static str, node: &SyntaxNode, danger: Danger, suffers: &'static str, instead: &'static str) -> Found {
    debug_assert!(super::rules::is_known(rule), "{rule} is not listed, so nobody could allow it");
    Found { rule, range: node.text_range().into(), advice: Advice { danger, suffers, instead } }
}

/// What a block hides from every rule: SQL that is put together while the migration runs, or that cannot be read.
pub(super) fn unread(range: Range<usize>) -> Found {
    let advice = Advice {
        danger: Breaks,
        suffers: "what this runs cannot be read before it runs, so nobody has checked that the old release can live \
                  with it",
        instead: "Write the statements out, outside of DO blocks and without EXECUTE; or check them by hand and mark \
                  this with -- squawk-ignore unread-block",
    };
    Found { rule: "unread-block", range, advice }
}

/// What one statement does.
pub(super) fn judge(statement: &ast::Stmt) -> Vec<Found> {
    match statement {
        ast::Stmt::Truncate(truncate) if !matches!(truncate.drop_behavior(), Some(ast::DropBehavior::Cascade(_))) => {
            vec![found(
                "truncate",
                truncate.syntax(),
                Locks,
                "it waits for every query on the table, everybody else waits behind it, and the old release finds no \
                 rows afterwards",
                "DELETE in batches, or leave it for a later release, with kind = \"contract\"",
            )]
        }
        ast::Stmt::Lock(lock) if shuts_out(lock) => vec![found(
            "lock-table",
            lock.syntax(),
            Locks,
            "nobody can write to the table, or read it in the strongest mode, until the transaction ends",
            "Lock rows (SELECT .. FOR UPDATE) instead, or take the lock for one short statement",
        )],
        ast::Stmt::Vacuum(vacuum) if vacuum.is_full() => vec![found(
            "vacuum-full",
            vacuum.syntax(),
            Locks,
            "the table is rewritten, and nobody can read or write it meanwhile",
            "Use VACUUM without FULL, or pg_repack outside of a rollout",
        )],
        ast::Stmt::Cluster(cluster) => vec![found(
            "cluster",
            cluster.syntax(),
            Locks,
            "the table is rewritten, and nobody can read or write it meanwhile",
            "Use pg_repack outside of a rollout",
        )],
        ast::Stmt::Refresh(refresh) if refresh.concurrently_token().is_none() => vec![found(
            "refresh-without-concurrently",
            refresh.syntax(),
            Locks,
            "nobody can read the materialized view until it is filled again",
            "Use REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on the view",
        )],
        ast::Stmt::AlterTable(table) => table.actions().filter_map(|action| alter_table(&action)).collect(),
        _ => Vec::new(),
    }
}

/// `LOCK TABLE t` alone takes the strongest lock.
fn shuts_out(lock: &ast::Lock) -> bool {
    lock.lock_mode_clause().and_then(|clause| clause.lock_mode()).is_none_or(|mode| {
        matches!(
            mode,
            ast::LockMode::AccessExclusive(_)
                | ast::LockMode::Exclusive(_)
                | ast::LockMode::ShareRowExclusive(_)
                | ast::LockMode::Share(_)
        )
    })
}

fn alter_table(action: &ast::AlterTableAction) -> Option<Found> {
    use ast::AlterTableAction as Action;
    match action {
        Action::SetLogged(_) | Action::SetUnlogged(_) | Action::SetTablespace(_) | Action::SetAccessMethod(_) => {
            Some(found(
                "rewriting-table",
                action.syntax(),
                Locks,
                "the table is rewritten or moved, and nobody can read or write it meanwhile",
                "Make a new table, keep both written, copy the rows in batches, and change over in a later release",
            ))
        }
        // Squawk looks for DEFAULT, which the serial types bring along.
        Action::AddColumn(column) if is_serial(column) => Some(found(
            "adding-field-with-default",
            column.syntax(),
            Locks,
            "every row gets a number of its own, so the table is rewritten, and nobody can read or write it meanwhile",
            "Add the column without a default, make a sequence, SET DEFAULT nextval('..') for the rows to come, and \
             fill the rows that are there in batches",
        )),
        _ => None,
    }
}

/// Whether the column's type is `serial` or one of its sisters, which stand for NOT NULL and a default.
pub(super) fn is_serial(column: &ast::AddColumn) -> bool {
    const SERIALS: [&str; 6] = ["serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"];
    column.ty().is_some_and(|ty| name(ty.syntax()).last().is_some_and(|last| SERIALS.contains(&last.as_str())))
}
