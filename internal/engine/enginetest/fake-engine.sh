#!/bin/sh
# Stands for the commands of all engines. The file told has the statements that the
# server received, the file held what the database holds.
name=${0##*/}
case $name in date)
  case ${2:-$1} in +%s) echo "${FAKE_SECONDS:-1772330400}" ;; *:*) echo "$FAKE_TIME" ;; *) echo "$FAKE_TIME" | tr -d ':-' ;; esac
  exit 0 ;;
id) [ -z "${FAKE_NAMELESS:-}" ] || { [ "$1" = -u ] && echo 1000770000 && exit 0; echo "id: cannot find name" >&2; exit 1; }; echo postgres; exit 0 ;;
sleep) [ -n "${FAKE_DOWN:-}" ] || exec /bin/sleep "$@"; exit 0 ;;
esac
[ -z "${FAKE_DOWN:-}" ] || { echo "connection refused" >&2; exit 1; }
dump() {
  { printf "%s\n" "$FAKE_DATA"; [ -n "${FAKE_CUT:-}" ] || echo "-- Dump completed"; } > "$1"
  [ -z "${FAKE_BROKEN:-}" ] || exit 1
}
last() { for last; do :; done; echo "$last"; }
verify() { grep -q '^-- Dump completed' "$1" || { echo "not a dump" >&2; exit 1; }; }
statements() {
  text=$(cat)
  case $text in
  *HAVING*) cat "$FAKE/held" 2>/dev/null || true; return ;;
  *"AS mark"*) cat "$FAKE/mark" 2>/dev/null || true; return ;;
  *pg_shdepend*) cat "$FAKE/objects" 2>/dev/null || echo 5; return ;;
  *pg_stat_activity*application_name*) return ;;
  *pg_available_extensions*) cat "$FAKE/lacking" 2>/dev/null || true; return ;;
  *datcollversion*) cat "$FAKE/collations" 2>/dev/null || true; return ;;
  *"COMMENT ON DATABASE"*) printf '%s\n' "$text" | sed -n "s/.* IS '\(.*\)';/\1/p" > "$FAKE/mark" ;;
  esac
  printf '%s\n' "$name $*" "$text" >> "$FAKE/told"
  case $text in *"${FAKE_REFUSED:-nothing}"*) echo "$FAKE_REFUSED is refused" >&2; exit 1 ;; esac
}
# The statements of a part of a PostgreSQL archive.
part() {
  sed -n 's/^[0-9; ]* EXTENSION - \([^ ]*\).*/CREATE EXTENSION IF NOT EXISTS \1 WITH SCHEMA public;/p
s/^[0-9; ]* SCHEMA - \([^ ]*\).*/CREATE SCHEMA \1;/p' "$2"
}
# pg_restore sends the entries of the list that $3 names to the server.
archive() {
  { echo "pg_restore as $PGUSER with $PGPASSWORD: $*"; cat "$3" "$(last "$@")"; } >> "$FAKE/told"
  [ -z "${FAKE_COMMITS:-}" ] || echo 6 > "$FAKE/objects"
  [ -z "${FAKE_KILLED:-}" ] || kill -KILL "$PPID"
  [ -z "${FAKE_TORN:-}" ] || { echo "could not read from input file" >&2; exit 1; }
}
# A bucket is the folder store.
stored() { echo "$FAKE/store/$(echo "$1" | sed 's/^store://')"; }
bucket() {
  [ -z "${FAKE_KEY:-}" ] || { echo "AccessDenied: $FAKE_KEY" >&2; exit 1; }
  case $1 in
  copy)
    case $6 in store:*) from=$(stored "$6") to=$7 ;; *) from=$6 to=$(stored "$7") ;; esac
    mkdir -p "$to"
    for file in "$3" "$5"; do cp "$from/$file" "$to" 2>/dev/null || true; done ;;
  check) ;;
  lsf) ls -1 "$(stored "$5")" ;;
  deletefile)
    [ -z "${FAKE_LOCKED:-}" ] || { echo "AccessDenied: the bucket keeps everything" >&2; exit 1; }
    rm "$(stored "$2")" ;;
  esac
}
case "${FAKE_DEAF:+deaf} $*" in "deaf "*"ACL LIST"|"deaf "*"INFO keyspace") echo "broken pipe" >&2; exit 1 ;; esac
case "$name $*" in
pg_dump*) dump "$(last "$@")" ;;
"pg_restore --file /dev/null"*) verify "$(last "$@")" ;;
"pg_restore --list"*) cat "$FAKE/contents" 2>/dev/null || true ;;
"pg_restore --use-list"*) part "$@" ;;
pg_restore*) archive "$@" ;;
"mariadb --help") echo "  --sandbox           Disallow commands" ;;
pg_isready*|mariadb-admin*) ;;
rclone*) bucket "$@" ;;
psql*|"mariadb "*) statements "$@" ;;
mariadb-dump*) dump /dev/stdout ;;
valkey-check-rdb*) verify "$1" ;;
valkey-server*) cat "$FAKE/scratch/restore.rdb" >> "$FAKE/told"; exec sleep "${FAKE_ENDS:-60}" ;;
valkey-cli*"ACL LIST") cat "$FAKE/users" 2>/dev/null || true ;;
valkey-cli*"INFO keyspace") cat "$FAKE/held" 2>/dev/null || true ;;
valkey-cli*"INFO replication") printf 'role:%s\r\nmaster_link_status:%s\r\nmaster_sync_in_progress:%s\r\n' "${FAKE_ROLE:-slave}" "${FAKE_LINK:-up}" "${FAKE_SYNCING:-0}" ;;
valkey-cli*"INFO server") echo "run_id:${FAKE_RUN:-$(cat "$FAKE/run" 2>/dev/null)}"; [ -z "${FAKE_RESTARTS:-}" ] || echo x >> "$FAKE/run" ;;
valkey-cli*"INFO persistence")
  printf '%s\r\n' "loading:${FAKE_LOADING:-0}" "aof_enabled:${FAKE_AOF:-1}" "aof_rewrite_in_progress:${FAKE_REWRITING:-0}" aof_rewrite_scheduled:0 \
    "aof_last_bgrewrite_status:${FAKE_REWRITTEN:-ok}" "rdb_bgsave_in_progress:${FAKE_SAVING:-0}" ;;
valkey-cli*PING) [ -z "${FAKE_PING:-}" ] || { echo "$FAKE_PING"; exit 1; }; echo PONG ;;
valkey-cli*--rdb*) dump "$(last "$@")" ;;
valkey-cli*) echo "$*" >> "$FAKE/told" ;;
*) echo "$name $* is not known to the fake" >&2; exit 127 ;;
esac
