# A fresh clone builds, runs a council of 33 processes with 33 keys, and its certificate stands.

# Looks until all seats of the demonstration run; their processes are left in $seen.
sees_seats() {
    local now
    now=$(pgrep -a -f -- "aims-agent --config $demo/council/seats/" || true)
    [ -z "$now" ] || seen=$now
    [ "$(grep -c . <<<"$seen")" -ge 33 ] || is_gone "${process[demo]}"
}

# Distinct signing keys of the processes in $seen.
count_keys() {
    local config
    while read -r _ _ _ config _; do
        aims key show "${config%/*}/seat.seed" | grep '^signing'
    done <<<"$seen" | sort -u | wc -l
}

point_1() {
    local demo=$work/demo seen="" seats keys signatures said=""
    git clone -q "$root" "$work/clone"
    start demo "$work/demo.log" "$work/clone/scripts/demo.sh" "$demo"
    within 900 sees_seats || problem "the demonstration did not start its council"
    within 120 is_gone "${process[demo]}" || problem "the demonstration did not end"
    unset 'process[demo]'
    seats=$(grep -c . <<<"$seen")
    keys=$(count_keys)
    [ "$seats $keys" = "33 33" ] || problem "seen were $seats seats with $keys keys"
    grep -q '^valid$' "$work/demo.log" || problem "$(tail -n 1 "$work/demo.log")"
    [ -s "$demo/certificate.json" ] || conclude ""
    signatures=$(json signatures <"$demo/certificate.json" 2>/dev/null | grep -o "'sig'" | wc -l)
    [ "$signatures" -ge 22 ] || problem "the certificate has $signatures signatures"
    if [ -e "$checks_dir/verify_certificate.py" ]; then
        said=$("$python" "$checks_dir/verify_certificate.py" "$demo/keyring.json" "$demo/certificate.json" \
            "$demo/report.json") || problem "verify_certificate.py: $said"
    else
        said="no $checks_dir/verify_certificate.py, so only our own check"
    fi
    if pgrep -f -- "$demo/council/" >/dev/null; then
        problem "the demonstration left processes behind"
    fi
    conclude "$seats processes, $keys keys, $signatures signatures; $said"
}
