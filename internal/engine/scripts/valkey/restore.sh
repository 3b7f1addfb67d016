#!/bin/sh
# The server copies the data as a replica of a second server, started on the file. At the
# end, and after any failure, it is no replica. A try that fails before the server holds
# data deletes its mark: the next try must not take another program's data for its own.
# The script waits as long as the copy progresses. It fails if the server restarts: it
# is no replica then, or has loaded its earlier data.

@client@
users=$(client ACL LIST)
if ! echo "$users" | grep -q "^user ${ATOLL_RESTORE}_done "; then
info() { text=$(client INFO "$1") && printf '%s\n' "$text" | tr -d '\r'; }
run() { info server | grep '^run_id:'; }
started=$(run)
client ACL SETUSER "$ATOLL_RESTORE" off
client ACL SAVE
source=
alone() { { client REPLICAOF NO ONE && client CONFIG SET masterauth "" && client CONFIG SET masteruser ""; } >/dev/null; }
failed() {
  code=$?
  trap - EXIT TERM
  # shellcheck disable=SC2034 # Only the number of attempts counts.
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    if alone; then break; fi
    sleep 1
  done
  [ -z "$source" ] || kill "$source" 2>/dev/null || true
  if keys=$(info keyspace) && ! echo "$keys" | grep -q '^db'; then
    { client ACL DELUSER "$ATOLL_RESTORE" && client ACL SAVE; } >/dev/null || true
  fi
  exit "$code"
}
trap failed EXIT
trap 'exit 143' TERM
cp "$ATOLL_FILE" /scratch/restore.rdb
secret=$(head -c 32 /dev/urandom | sha256sum | cut -d ' ' -f 1)
printf '%s\n' 'port 6379' 'dir /scratch' 'dbfilename restore.rdb' 'appendonly no' 'save ""' 'repl-diskless-sync yes' 'repl-diskless-sync-delay 0' "requirepass $secret" > /scratch/restore.conf
$(tool server) /scratch/restore.conf >/scratch/restore.log 2>&1 &
source=$!
alive() { kill -0 "$source" 2>/dev/null || { tail -n 5 /scratch/restore.log >&2; echo "the server that holds the backup has ended" >&2; exit 1; }; }
local_client() { REDISCLI_AUTH=$secret $(tool cli) -e --no-auth-warning "$@"; }
until local_client PING >/dev/null 2>&1; do
  alive
  sleep 1
done
client CONFIG SET masteruser ""
client CONFIG SET masterauth "$secret"
client REPLICAOF "$ATOLL_POD_IP" 6379
echo "waiting for the server to take over the data"
idle=0 before=
while :; do
  link=$(info replication)
  loading=$(info persistence)
  echo "$link" | grep -q '^role:slave' || { echo "the server was restarted, or made no replica any more, while it took over the data" >&2; exit 1; }
  if echo "$link" | grep -q '^master_link_status:up'; then break; fi
  alive
  now=$(printf '%s\n' "$link" "$loading" | sed -n '/^master_sync_.*_bytes:/p;/^loading_loaded_bytes:/p')
  idle=$((idle + 1))
  [ "$now" = "$before" ] || idle=0
  before=$now
  [ "$idle" -lt 60 ] || { echo "the server took over nothing for a minute: can it reach port 6379 of this pod?" >&2; exit 1; }
  sleep 1
done
alone
while :; do
  saving=$(info persistence)
  if echo "$saving" | grep -q '^aof_last_bgrewrite_status:err'; then
    echo "the server could not write the data to its volume" >&2
    exit 1
  fi
  if echo "$saving" | grep -q '^aof_rewrite_in_progress:0' && echo "$saving" | grep -q '^aof_rewrite_scheduled:0'; then break; fi
  sleep 1
done
[ "$(run)" = "$started" ] || { echo "the server was restarted while it took over the data" >&2; exit 1; }
client ACL SETUSER "${ATOLL_RESTORE}_done" off
client ACL DELUSER "$ATOLL_RESTORE"
client ACL SAVE
trap - EXIT TERM
kill "$source"
fi
