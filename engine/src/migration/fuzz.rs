//! Whatever the text, there is an answer, and its places are in the text.

use super::{lint, read_files};
use proptest::prelude::*;

fn check(sql: &str) {
    let inside = |line: u32, column: u32| {
        let lines: Vec<&str> = sql.strip_prefix('\u{feff}').unwrap_or(sql).split('\n').collect();
        let longest = lines.get(line as usize - 1).map_or(0, |line| line.chars().count());
        assert!((1..=longest + 1).contains(&(column as usize)), "{line}:{column} in {sql:?}");
    };
    match lint("f", sql) {
        Ok(findings) => {
            for finding in &findings {
                inside(finding.line, finding.column);
                assert!(!finding.rule.is_empty() && finding.message.starts_with('`'), "{finding}");
            }
            assert!(findings.is_sorted_by_key(|finding| (finding.line, finding.column)), "{sql:?}");
        }
        Err(error) => {
            inside(error.line, error.column);
            assert!(!error.message.contains("the linter failed"), "{error} {sql:?}");
        }
    }
}

/// What migrations are made of, in no order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = "alter table|create table|drop|create unique index|on|t|u|\"T\"|s.t|(a)|(a int not null)|column|add|\
                  rename|to|type|set|not null|default 1|default f()|serial|generated always as|identity|stored|\
                  constraint c|foreign key|references|check|unique|primary key|using index i|not valid|validate|if|\
                  exists|not exists|concurrently|cascade|,|;|;|;|\n|-- x\n|/*|*/|'|''|\"|$$|$$|$a$|do|do $$|begin|end|\
                  then|end if;|execute|'drop table t'|language|plpgsql|sql|as|function|trigger|policy|select|1|(|)|[|]|\
                  ::|e'\\'|U&'|x'|::int|case|when|null|-- squawk-ignore|-- squawk-ignore-file|ban-drop-column|truncate|\
                  -- migrate:up\n|-- migrate:down\n|\u{e9}|\u{0}|\u{feff}|\r\n|\\|`|lock|vacuum|full|view|enum|\
                  add value|refresh materialized|revoke|for|in|loop|declare|exception|;end $$;|is|or|and|-|*|.|:=|?|@";
    let pieces: Vec<&str> = pieces.split('|').collect();
    proptest::collection::vec((prop::sample::select(pieces), prop::bool::weighted(0.8)), 0..40).prop_map(|pieces| {
        pieces.into_iter().map(|(piece, gap)| format!("{piece}{}", if gap { " " } else { "" })).collect()
    })
}

/// What can be read, in any order.
fn statements() -> impl Strategy<Value = String> {
    let known = "create table t (a int)|create table if not exists t (a int)|create type e as enum ('a')|drop table t|\
                 alter table t rename to u|alter table u rename to t|alter table t add column a int|drop type e, f|\
                 alter table t add column if not exists b int default 1 unique, drop column a|\
                 drop table if exists t, u|\
                 alter table t rename a to b|alter table t alter a set not null, alter b drop default|truncate t|\
                 alter table t add constraint c foreign key (a, b) references u (a, b)|alter table t drop constraint c|\
                 alter table t add check (a > 0) not valid|alter table t add unique (a, b)|alter type e rename to f|\
                 alter table t alter a type text, alter a set default 1|create unique index i on t (a, lower(b))|\
                 drop index i|drop trigger g on t|drop policy p on t|create policy p on t|reindex table t|cluster|\
                 alter table t enable row level security, owner to x|revoke all on t from x|begin|commit|select 1|\
                 create trigger g before insert on t for each row execute function f()|lock t|vacuum full|call f()";
    let known: Vec<&str> = known.split('|').collect();
    let wrapped = (prop::sample::select(known), 0u8..4).prop_map(|(statement, how)| match how {
        0 => format!("do $$ begin if a then {statement}; end if; end $$;"),
        1 => format!("-- squawk-ignore truncate, ban-drop-table\n{statement};\n"),
        _ => format!("{statement}; "),
    });
    proptest::collection::vec(wrapped, 0..12).prop_map(|statements| statements.concat())
}

const REAL: &str = "-- migrate:up\n\
    create table if not exists \"Users\" (id bigserial primary key, \"é\" text not null);\n\
    alter table only shop.calls add column c int references \"Users\" (id), drop column d cascade, rename to e;\n\
    create unique index concurrently i on calls (lower(a), b) where c is not null;\n\
    do $$ declare x int; begin\n  -- squawk-ignore ban-drop-table\n  if x is null then drop table t; end if;\n\
    execute format('alter table %I drop column b', 'x');\nexception when others then null; end $$;\n\
    create function f(a int) returns trigger language plpgsql as $f$ begin new.a := 'it''s'; return new; end $f$;\n\
    alter type mood add value 'fine' before 'so so'; insert into t (a) values (E'\\n', U&'\\00e9', $1, 1.5e3);\n\
    truncate a, b; lock table t in share mode; revoke all on t from app; drop trigger z on t;\n\
    -- migrate:down\ndrop table \"Users\";\n";

/// A real file after a few accidents.
fn mutated() -> impl Strategy<Value = String> {
    let accident = (0u8..6, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>());
    proptest::collection::vec(accident, 1..8).prop_map(|accidents| {
        let mut chars: Vec<char> = REAL.chars().collect();
        for (kind, at, to, c) in accidents {
            let at = at.index(chars.len() + 1);
            let to = (at + to.index(40)).min(chars.len());
            match kind {
                0 => drop(chars.drain(at..to)),
                1 => chars.insert(at, c),
                2 => chars.insert(at, ['$', '\'', '"', '(', ')', ';', '-', '*', '/', ',', '\n', '\\'][c as usize % 12]),
                3 => chars.extend_from_within(at..to),
                4 => {
                    let part: Vec<char> = chars[at..to].to_vec();
                    chars.splice(at..at, part);
                }
                _ => chars.truncate(at.max(1)),
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_pieces_are_answered(text in soup()) {
        check(&text);
    }

    #[test]
    fn any_statements_are_answered(text in statements()) {
        check(&text);
        prop_assert!(lint("f", &text).is_ok(), "{}", text);
    }

    #[test]
    fn any_accident_is_answered(text in mutated()) {
        check(&text);
    }

    #[test]
    fn any_path_is_answered(path in any::<String>()) {
        let folder = tempfile::tempdir().unwrap();
        let _ = read_files(folder.path(), &[path]);
    }
}
