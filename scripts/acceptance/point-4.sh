# Seats and coordinator are killed at random moments while cases come in; nothing is lost or decided twice.

moment() { # MILLISECONDS AT MOST
    local ms=$((RANDOM % $1))
    pause "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# Packs as many cases as there will be, so that submitting them is quick.
pack_cases() { # DIR COUNT
    local i
    for ((i = 0; i < $2; i++)); do
        pack "$1" "$example" "$work/case-$i"
    done
}

# Submits the cases FIRST to LAST, each until it is taken: who submits asks again.
submit_cases() { # DIR FIRST LAST
    local i
    for ((i = $2; i <= $3; i++)); do
        within 60 submit "$1" "$work/case-$i" >>"$work/submit.log" 2>&1 || return 1
    done
}

all_decided() { # DIR COUNT
    status_is "$1" cases.decided "$2"
}

# Whether any case is not decided yet.
has_cases() { # DIR
    local counts
    counts="$(status "$1" cases.waiting) $(status "$1" cases.heard)"
    [[ $counts =~ ^[0-9]+\ [0-9]+$ && $counts != "0 0" ]]
}

# Kills COUNT of the seats in the list ALIVE, one at a time at random moments.
kill_seats() { # DIR COUNT
    local i seat
    for ((i = 0; i < $2; i++)); do
        moment 300
        seat=${alive[RANDOM % ${#alive[@]}]}
        seat_stop "$1" "$seat" KILL
        dead+=("$seat")
        mapfile -t alive < <(printf '%s\n' "${alive[@]}" | grep -vx "$seat")
    done
}

is_missing() { # DIR COUNT
    [ "$(status "$1" missing | wc -w)" -eq "$2" ]
}

kill_some_seats() {
    local dir=$work/seats alive=() dead=() said submitter
    mapfile -t alive < <(seq 0 32)
    council_create "$dir" 33
    pack_cases "$dir" 36
    council_start "$dir" 33

    submit_cases "$dir" 0 23 &
    submitter=$!
    kill_seats "$dir" 10
    wait "$submitter"
    within 120 all_decided "$dir" 24 || problem "10 seats killed: $(status "$dir" cases.decided) of 24 decided"
    detail "10 of 33 seats killed under load: $(status "$dir" cases.decided) of 24 cases decided"

    submit_cases "$dir" 24 29 &
    submitter=$!
    kill_seats "$dir" 1
    wait "$submitter"
    within 120 all_decided "$dir" 30 || problem "11 seats killed: $(status "$dir" cases.decided) of 30 decided"
    detail "11 killed: $(status "$dir" cases.decided) of 30 decided"

    kill_seats "$dir" 1
    submit_cases "$dir" 30 35
    within 20 is_missing "$dir" 12 || problem "12 seats killed: '$(status "$dir" missing)' are said to be missing"
    said=$(aims status "$(submit "$dir" "$work/case-35" 2>/dev/null)" --key "$work/case-35.seed" \
        --url "$(url "$dir")" --roster "$dir/roster.json" --json | json why)
    grep -q '12 of 33' <<<"$said" || problem "12 seats killed: the case says '$said'"
    all_decided "$dir" 36 && problem "12 seats killed: decided all the same"
    detail "12 killed: $(status "$dir" cases.decided) of 36 decided; a case says: $said"

    for seat in "${dead[@]}"; do
        seat_start "$dir" "$seat"
    done
    within 120 all_decided "$dir" 36 || problem "12 seats restarted: $(status "$dir" cases.decided) of 36 decided"
    within 60 status_is "$dir" seatsUp 33 || problem "12 seats restarted: $(status "$dir" seatsUp) are up"
    detail "12 restarted: $(status "$dir" cases.decided) of 36 decided"
    council_stop "$dir"
    said=$("$python" "$parts/stores.py" "$dir" 36) || problem "$said"
    detail "stores: $said"
}

kill_coordinator() {
    local dir=$work/coordinator kills=20 each=4 cases i said submitter open=0
    cases=$((kills * each))
    council_create "$dir" 33
    pack_cases "$dir" "$cases"
    council_start "$dir" 33

    for ((i = 0; i < kills; i++)); do
        submit_cases "$dir" $((each * i)) $((each * (i + 1) - 1)) &
        submitter=$!
        within 10 has_cases "$dir" || problem "no case came in"
        moment 600
        ! has_cases "$dir" || open=$((open + 1))
        stop "$dir/coordinator-0" KILL
        coordinator_start "$dir"
        wait "$submitter" || problem "a case could not be submitted"
    done
    [ "$open" -ge $((kills / 2)) ] || problem "only $open of $kills kills met a coordinator with cases in hand"
    within 180 all_decided "$dir" "$cases" ||
        problem "coordinator killed: $(status "$dir" cases.decided) of $cases decided"
    council_stop "$dir"
    said=$("$python" "$parts/stores.py" "$dir" "$cases") || problem "$said"
    detail "coordinator killed $kills times, $open of them with cases in hand; stores: $said"
}

point_4() {
    detail "random moments: AIMS_SEED=$seed"
    kill_some_seats
    rm -f "$work"/case-*
    kill_coordinator
    conclude "10, 11 of 33 seats killed: all decided; 12: said so; coordinator killed 20 times: nothing lost, none twice"
}
