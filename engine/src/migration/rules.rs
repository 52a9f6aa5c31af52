//! Squawk's rules: which of them are a danger to the release that still runs, and the words for people.
//!
//! The list is complete, so that a new version of squawk with a new rule does not compile until somebody decided.

use super::finding::Danger::{self, Breaks, Locks};
use super::own;
use squawk_linter::Rule;

/// What one rule finds.
pub(super) struct Advice {
    pub danger: Danger,
    /// What the old release, or everybody, suffers; goes on after "`DROP COLUMN a`: ".
    pub suffers: &'static str,
    /// The safe way, a sentence without its full stop.
    pub instead: &'static str,
}

const fn breaks(suffers: &'static str, instead: &'static str) -> Option<Advice> {
    Some(Advice { danger: Breaks, suffers, instead })
}

const fn locks(suffers: &'static str, instead: &'static str) -> Option<Advice> {
    Some(Advice { danger: Locks, suffers, instead })
}

/// `None` for what is style, or no danger to the old release.
pub(super) const fn advice(rule: Rule) -> Option<Advice> {
    match rule {
        // What the old release uses is gone.
        Rule::BanDropColumn => breaks(
            "the old release still names this column, and its queries fail once it is gone",
            "Release a version that no longer uses it first, and drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropTable => breaks(
            "the old release still uses this table, and its queries fail once it is gone",
            "Release a version that no longer uses it first, and drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropView => breaks(
            "the old release may still read this view, and its queries fail once it is gone",
            "Drop it in a later release, with kind = \"contract\"; to change it, use CREATE OR REPLACE VIEW, which \
             only adds columns at the end, or make a view of a new name",
        ),
        Rule::BanDropFunction => breaks(
            "the old release, or a trigger it relies on, may still call this function, and the call fails",
            "Make the new one beside it, with a new name or other parameters, and drop this one in a later release, \
             with kind = \"contract\"",
        ),
        Rule::BanDropType => breaks(
            "the old release may still name it in casts and parameters, and those queries fail",
            "Leave it until no release uses it, and drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropDomain => breaks(
            "the old release may still name this domain in casts, and those queries fail",
            "Leave it until no release uses it, and drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropSequence => breaks(
            "the old release may still take numbers from this sequence, and its inserts fail",
            "Leave it until no release uses it, and drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropSchema => breaks(
            "the old release fails on everything in this schema once it is gone",
            "Move the new release to the new schema first, and drop this one in a later release, with kind = \
             \"contract\"",
        ),
        Rule::BanDropDatabase => breaks(
            "the old release loses its database, and rolling back cannot bring it back",
            "Do not drop a database in a migration; do it by hand when nothing connects to it any more",
        ),
        Rule::BanDropExtension => breaks(
            "the functions, types and operators of the extension go with it, and queries of the old release that use \
             them fail",
            "Drop it in a later release, when no release uses it, with kind = \"contract\"",
        ),
        Rule::BanDropIndex => breaks(
            "queries of the old release may become slow enough to fail without it, and an INSERT .. ON CONFLICT that \
             needs a unique index fails at once",
            "Drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropConstraint => breaks(
            "the old release may rely on it: an INSERT .. ON CONFLICT that needs it fails at once, and rows appear \
             that the old release does not expect",
            "Drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropTrigger => breaks(
            "the old release may rely on what the trigger does, and its writes go on without it",
            "Drop it in a later release, when no release needs it, with kind = \"contract\"",
        ),
        Rule::BanDropPolicy => breaks(
            "what the old release may read and write changes under it",
            "Add the new policy now, and drop this one in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropDefault => breaks(
            "inserts of the old release that leave the column out now write NULL, or fail where NULL is not allowed",
            "Leave the default until the old release is gone, and drop it in a later release, with kind = \"contract\"",
        ),
        Rule::BanDropGeneratedExpression => breaks(
            "the old release does not write this column, so it stays empty in its rows",
            "Let the new release write a column of its own, and change this one in a later release, with kind = \
             \"contract\"",
        ),
        Rule::BanDetachInheritance => breaks(
            "the rows in it are gone from the table that the old release reads and writes",
            "Detach it in a later release, when no release needs its rows, with kind = \"contract\"",
        ),
        Rule::BanTruncateCascade => breaks(
            "every table that refers to this one is emptied with it, under the old release",
            "Name each table to be emptied, without CASCADE, or delete in batches",
        ),

        // What the old release uses has another name or shape.
        Rule::RenamingColumn => breaks(
            "the old release still uses the old name, and its queries fail",
            "Add a column with the new name, keep both written (a trigger, or the new release), copy the rows, and \
             drop the old one in a later release, with kind = \"contract\"",
        ),
        Rule::RenamingTable => breaks(
            "the old release still uses the old name, and its queries fail",
            "Leave the name, or rename it and make a view of the old name in the same transaction, which can be \
             written through while it selects plain columns of one table; mark it with -- squawk-ignore renaming-table",
        ),
        Rule::RenamingObject => breaks(
            "the old release may still use the old name, and what names it fails",
            "Make the new one beside the old one, and drop the old one in a later release, with kind = \"contract\"",
        ),
        Rule::BanSetSchema => breaks(
            "the old release no longer finds it where it was, and its queries fail",
            "Leave it where it is, or make a view of the old name in the old schema in the same transaction",
        ),
        Rule::ChangingColumnType => breaks(
            "the old release still reads and writes the old type; most changes also rewrite the table, and nobody can \
             read or write it meanwhile",
            "Add a column of the new type, keep both written, copy the rows in batches, and drop the old one in a \
             later release, with kind = \"contract\"; if the type only grows (varchar(50) to varchar(100) or text), \
             mark it with -- squawk-ignore changing-column-type",
        ),
        Rule::BanAddCompositeAttribute => breaks(
            "values of this type that the old release writes as a row have one part too few, and fail",
            "Make a new type and a new column of it",
        ),
        Rule::BanAlterIdentity => breaks(
            "inserts of the old release fail: they give a number where none may be given, or none where one is needed",
            "Change it in a later release, when every release that runs can live with both, with kind = \"contract\"",
        ),
        Rule::BanDisableTrigger => breaks(
            "the old release may rely on what happens, or does not happen, with its writes",
            "Change it in a later release, when no release needs it as it was, with kind = \"contract\"",
        ),
        Rule::BanAlterRowLevelSecurity => breaks(
            "what the old release may read and write changes under it: with row level security and no policy that \
             fits, it sees no rows at all",
            "Make policies that let the old release go on before this, and try it as its database user; then mark it \
             with -- squawk-ignore ban-alter-row-level-security",
        ),
        Rule::BanAlterPolicyCondition | Rule::BanAlterPolicyRoles => breaks(
            "what the old release may read and write changes under it",
            "Add a policy beside this one now, and change or drop this one in a later release, with kind = \
             \"contract\"",
        ),
        Rule::BanRevoke => breaks(
            "the old release may lose a right that it needs, and its queries fail with \"permission denied\"",
            "Revoke it in a later release, when no release needs it, with kind = \"contract\"",
        ),

        // What the old release writes is refused.
        Rule::AddingRequiredField => breaks(
            "the old release does not know this column, so its inserts fail: the column must not be NULL and has no \
             default (on a table with rows, so does the migration)",
            "Add it with a constant DEFAULT, or without NOT NULL now and SET NOT NULL in a later release, with kind = \
             \"contract\"",
        ),
        Rule::BanNewWriteRestriction => breaks(
            "writes of the old release that do not keep to it fail from now on, also where it is NOT VALID",
            "Release a version that keeps to it first, and add it in a later release, with kind = \"contract\"; if the \
             release that runs now keeps to it already, mark it with -- squawk-ignore ban-new-write-restriction",
        ),

        // Everybody waits.
        Rule::RequireConcurrentIndexCreation => locks(
            "nobody can write to the table while the index is built",
            "Use CREATE INDEX CONCURRENTLY, in a file of its own that does not run in a transaction",
        ),
        Rule::RequireConcurrentIndexDeletion => locks(
            "it waits for every query on the table, and everybody else waits behind it",
            "Use DROP INDEX CONCURRENTLY, in a file of its own that does not run in a transaction",
        ),
        Rule::RequireConcurrentReindex => locks(
            "nobody can write to the table while the index is built again, and most reads wait too",
            "Use REINDEX .. CONCURRENTLY, in a file of its own that does not run in a transaction",
        ),
        Rule::RequireConcurrentPartitionDetach => locks(
            "nobody can read or write the partitioned table until it is done",
            "Use DETACH PARTITION .. CONCURRENTLY, in a file of its own that does not run in a transaction",
        ),
        Rule::ConstraintMissingNotValid => locks(
            "every row is checked, and nobody can read or write the table meanwhile",
            "Add the constraint NOT VALID, and VALIDATE CONSTRAINT in another transaction, so in another file",
        ),
        Rule::AddingForeignKeyConstraint => locks(
            "every row is checked, and nobody can write to either table meanwhile",
            "Add the foreign key NOT VALID, and VALIDATE CONSTRAINT in another transaction, so in another file",
        ),
        Rule::DisallowedUniqueConstraint => locks(
            "nobody can read or write the table while its index is built",
            "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT .. UNIQUE USING INDEX",
        ),
        Rule::AddingSerialPrimaryKeyField => locks(
            "nobody can read or write the table while the index of the primary key is built",
            "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT .. PRIMARY KEY USING INDEX",
        ),
        Rule::AddingNotNullableField => locks(
            "every row is checked, and nobody can read or write the table meanwhile",
            "Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in another file, then SET NOT NULL, which \
             then takes the check's word, and drop the check",
        ),
        Rule::AddingFieldWithDefault => locks(
            "every row gets a value of its own, so the table is rewritten, and nobody can read or write it meanwhile",
            "Add the column without a default, SET DEFAULT for the rows to come, and fill the rows that are there in \
             batches",
        ),
        Rule::BanAlterGeneratedExpression => locks(
            "the column is computed again for every row, so the table is rewritten, and nobody can read or write it \
             meanwhile",
            "Add another column with the new expression's values, and drop this one in a later release",
        ),
        Rule::BanAlterDomainWithAddConstraint => locks(
            "every row of every table that uses the domain is checked, and nobody can write to them meanwhile",
            "Add the constraint NOT VALID, and ALTER DOMAIN .. VALIDATE CONSTRAINT in another file",
        ),

        // A change that the old release can live with, or of what no release sees: NULLs and values that only the new
        // release writes, a new column, what a default gives to new rows.
        Rule::BanDropNotNull
        | Rule::BanAddColumn
        | Rule::BanAddEnumValue
        | Rule::BanSetDefault
        | Rule::BanAlterSequenceValues
        | Rule::BanReplaceViewFunction
        | Rule::BanCreatePolicy
        | Rule::BanReplicaIdentity => None,
        // Configuration of the server, not its schema.
        Rule::BanAlterFunctionOptions
        | Rule::BanAlterViewOptions
        | Rule::BanAlterRoleOptions
        | Rule::BanAlterDatabaseOptions
        | Rule::BanAlterSystemOptions
        | Rule::BanAlterExtension => None,
        // Style, and what only the migration itself suffers from.
        Rule::PreferBigintOverInt
        | Rule::PreferBigintOverSmallint
        | Rule::PreferIdentity
        | Rule::PreferRepack
        | Rule::PreferRobustStmts
        | Rule::PreferTextField
        | Rule::PreferTimestampTz
        | Rule::BanCharField
        | Rule::TransactionNesting
        | Rule::BanConcurrentIndexCreationInTransaction
        | Rule::UnusedIgnore
        | Rule::BanCreateDomainWithConstraint
        | Rule::RequireTimeoutSettings
        | Rule::RequireLockTimeout
        | Rule::RequireStatementTimeout
        | Rule::BanUncommittedTransaction
        | Rule::RequireEnumValueOrdering
        | Rule::RequireTableSchema
        | Rule::IdentifierTooLong
        | Rule::BanDuplicateColumnAssignments => None,
    }
}

/// The rules that are asked.
pub(super) fn asked() -> impl Iterator<Item = Rule> {
    enum_iterator::all::<Rule>().filter(|rule| advice(*rule).is_some())
}

/// The names of all rules that can find something.
pub fn names() -> Vec<String> {
    asked().map(|rule| rule.to_string()).chain(own::NAMES.map(str::to_owned)).collect()
}

/// Whether there is a rule of that name. One of squawk's that is not asked finds nothing, and is no slip: whoever uses squawk
/// besides may keep one list.
pub fn is_known(name: &str) -> bool {
    own::NAMES.contains(&name) || enum_iterator::all::<Rule>().any(|rule| rule.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_known_by_the_names_that_findings_bear() {
        assert_eq!(names().len(), 44 + own::NAMES.len());
        assert!(names().iter().all(|name| is_known(name)), "{:?}", names());
        for (name, known) in [("ban-drop-column", true), ("truncate", true), ("prefer-robust-stmts", true), ("", false)]
        {
            assert_eq!(is_known(name), known, "{name}");
        }
    }

    #[test]
    fn advice_makes_sentences() {
        assert_eq!(asked().count(), 44);
        for rule in asked() {
            let advice = advice(rule).unwrap();
            assert!(advice.instead.starts_with(char::is_uppercase) && !advice.instead.ends_with('.'), "{rule}");
            assert!(!advice.suffers.ends_with('.') && !advice.suffers.contains("  "), "{rule}");
        }
    }
}
