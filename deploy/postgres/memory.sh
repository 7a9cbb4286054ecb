#!/bin/sh
# Makes the role of the memory and its two databases: run once by the image of PostgreSQL, when its volume is new. The role is no superuser, so that
# row-level security binds it; keys are in a database of their own, which no dump of the memories holds.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$MEMORY_PASSWORD" --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-postgres}" <<'SQL'
CREATE ROLE memory LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE memory OWNER memory;
CREATE DATABASE memory_keys OWNER memory;
SQL
