#!/usr/bin/env bash
# After a query or the schema has changed: checks every query against the schema, and writes what was found to
# engine/.sqlx, from where builds without a database read it. Needs sqlite3.
set -euo pipefail
cd "$(dirname "$0")/.."
schema="$PWD/target/schema.db"
mkdir -p target && rm -f "$schema"
for migration in migrations/*.sql; do sqlite3 "$schema" <"$migration"; done
rm -rf engine/.sqlx && mkdir engine/.sqlx
touch engine/src/lib.rs
DATABASE_URL="sqlite://$schema" SQLX_OFFLINE_DIR="$PWD/engine/.sqlx" cargo check -p engine "$@"
echo "engine/.sqlx: $(find engine/.sqlx -name '*.json' | wc -l) queries"
