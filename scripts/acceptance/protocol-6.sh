# A coordinator dies while a docket is open; another one finishes it within three view timeouts.

# When another coordinator than 0 stored the certificate on that case, Unix milliseconds, and its view.
find_certificate() { # DIR CASE
    "$python" - "$1" "$2" <<'END'
import base64, json, sqlite3, sys
found = []
for index in (1, 2):
    store = sqlite3.connect("file:%s/coordinators/%d/coordinator.db?mode=ro" % (sys.argv[1], index), uri=True)
    found += store.execute("SELECT decided_at, certificate FROM certificates JOIN hearings USING (docket)"
                           " WHERE case_id = ?", (bytes.fromhex(sys.argv[2]),)).fetchall()
    store.close()
if not found:
    sys.exit(1)
at, certificate = min(found)
print(at, json.loads(base64.b64decode(json.loads(certificate)["payload"]))["predicate"]["view"])
END
}

is_decided() { # DIR CASE
    find_certificate "$1" "$2" >/dev/null
}

# Tries once. Prints the milliseconds from death to certificate, and its view; nothing when the docket was
# decided before the coordinator was dead.
measure_death() { # DIR NUMBER
    local dir=$1 name=$work/case-$2 id died decided view
    id=$(submit "$dir" "$name" --home 0 2>"$name.log")
    within 10 has_open_docket "$dir" 1 || return 0
    moment 60
    died=$(date +%s%3N)
    stop "$dir/coordinator-0" KILL
    within 60 is_decided "$dir" "$id" || { problem "docket $2 was not finished"; return 0; }
    coordinator_start "$dir" 0
    within 30 status_is "$dir" seatsUp 33 0 || problem "coordinator 0 did not come back"
    read -r decided view < <(find_certificate "$dir" "$id")
    [ "$decided" -lt "$died" ] || echo "$((decided - died)) $view"
}

# The element at PERCENT of the sorted numbers.
percentile() { # PERCENT NUMBER...
    local percent=$1
    shift
    local sorted=("$@")
    echo "${sorted[$(($# * percent / 100 < $# ? $# * percent / 100 : $# - 1))]}"
}

# Deaths after which the votes that were out already sufficed are measured, too; those that took another
# view are what is counted.
point_P6() {
    local dir=$work/council trials=${AIMS_TRIALS:-10} tries=0 took view all=() later=() limit=9000
    council_create "$dir" 33 3
    council_start "$dir" 33
    while [ "${#later[@]}" -lt "$trials" ] && [ "$tries" -lt $((6 * trials)) ]; do
        pack "$dir" "$example" "$work/case-$tries"
        measure_death "$dir" "$tries" >"$work/took"
        tries=$((tries + 1))
        if read -r took view <"$work/took"; then
            all+=("$took")
            [ "$view" -eq 1 ] || later+=("$took")
        fi
    done
    council_stop "$dir"
    [ "${#later[@]}" -eq "$trials" ] || problem "only ${#later[@]} of $tries deaths took another view"
    [ "${#later[@]}" -gt 0 ] || conclude "no death took another view"
    mapfile -t all < <(printf '%s\n' "${all[@]}" | sort -n)
    mapfile -t later < <(printf '%s\n' "${later[@]}" | sort -n)
    detail "$tries coordinators killed, ${#all[@]} with a docket open; ms to certificate: ${all[*]}"
    [ "${all[-1]}" -le "$limit" ] || problem "the longest took ${all[-1]} ms, at most $limit are allowed"
    conclude "death to certificate: p50 $(percentile 50 "${later[@]}") ms, max ${later[-1]} ms where another view was needed (${#later[@]} of ${#all[@]} deaths); three view timeouts are $limit ms"
}
