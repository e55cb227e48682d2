# A coordinator dies while a docket is open; another one finishes it within three view timeouts.

# Tries once; prints the milliseconds from death to certificate, or nothing when the docket was decided
# before the coordinator was dead.
measure_death() { # DIR NUMBER
    local dir=$1 name=$work/case-$2 died decided
    submit "$dir" "$name" --home 0 >"$name.id" 2>"$name.log"
    within 10 has_open_docket "$dir" 1 || return 0
    moment 80
    died=$(date +%s%3N)
    stop "$dir/coordinator-0" KILL
    within 60 is_decided "$dir" "$(cat "$name.id")" || { problem "docket $2 was not finished"; return 0; }
    coordinator_start "$dir" 0
    within 30 status_is "$dir" seatsUp 33 0 || problem "coordinator 0 did not come back"
    decided=$(decided_at "$dir" "$(cat "$name.id")")
    [ "$decided" -lt "$died" ] || echo $((decided - died))
}

# When another coordinator than 0 stored the certificate on that case, Unix milliseconds.
decided_at() { # DIR CASE
    "$python" - "$1" "$2" <<'END'
import sqlite3, sys
times = []
for index in (1, 2):
    store = sqlite3.connect("file:%s/coordinators/%d/coordinator.db?mode=ro" % (sys.argv[1], index), uri=True)
    times += [ms for ms, in store.execute(
        "SELECT decided_at FROM certificates JOIN hearings USING (docket) WHERE case_id = ?",
        (bytes.fromhex(sys.argv[2]),))]
    store.close()
print(min(times) if times else "")
END
}

is_decided() { # DIR CASE
    [ -n "$(decided_at "$1" "$2")" ]
}

point_P6() {
    local dir=$work/council trials=${AIMS_TRIALS:-10} tries=0 times=() took sorted=() limit=9000
    council_create "$dir" 33 3
    council_start "$dir" 33
    while [ "${#times[@]}" -lt "$trials" ] && [ "$tries" -lt $((3 * trials)) ]; do
        pack "$dir" "$example" "$work/case-$tries"
        measure_death "$dir" "$tries" >"$work/took"
        read -r took <"$work/took" || took=
        tries=$((tries + 1))
        if [ -n "$took" ]; then
            times+=("$took")
        fi
    done
    council_stop "$dir"
    [ "${#times[@]}" -eq "$trials" ] || problem "only ${#times[@]} of $tries deaths met an open docket"
    mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
    detail "$tries coordinators killed, ${#times[@]} with a docket open; ms from death to certificate: ${sorted[*]}"
    [ "${sorted[-1]:-0}" -le "$limit" ] || problem "the longest took ${sorted[-1]} ms, at most $limit are allowed"
    conclude "death to certificate: p50 ${sorted[$((${#sorted[@]} / 2))]} ms, max ${sorted[-1]} ms; three view timeouts are $limit ms"
}
