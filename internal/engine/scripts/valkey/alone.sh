#!/bin/sh
# Part of the liveness probe: fails for the replica of a lost server, which a killed
# restore leaves behind. A restart ends that; no service has replicas.

case $(client INFO replication) in *master_link_status:down*master_sync_in_progress:0*) exit 1 ;; esac
