# A council of 33 with ten seats and one coordinator that lie, each strategy in turn, while the honest
# coordinators are killed: every case has one conclusion, who signed twice is proved, nobody else is.

seat_strategies=(silent two_verdicts two_prepares two_commits amnesia false_qc selective hide_qc replay
    forge flood early_view noise late inverted two_verdicts)
# A coordinator that opened two dockets under one serial cannot go on as an honest one would: it is last.
chair_strategies=(silent late two_proposals hidden_lock censor cherry_pick burn_views stale_tc
    hide_certificate one_seat short_book private_tc noise replay old_header two_dockets)

moment() { # MILLISECONDS AT MOST
    local ms=$((RANDOM % $1))
    pause "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# COUNT different numbers below BOUND, in order.
draw() { # COUNT BOUND
    local i
    for ((i = 0; i < $2; i++)); do
        echo "$RANDOM $i"
    done | sort -n | head -n "$1" | cut -d ' ' -f 2 | sort -n
}

member() { # SEAT
    printf 'seat-%02d' "$1"
}

# Has the liars of DIR follow these strategies from now on.
change_strategies() { # DIR SEAT-STRATEGY CHAIR-STRATEGY
    local dir=$1 seat
    stop_liars "$dir"
    for seat in "${liars[@]}"; do
        mischief["$dir/$(member "$seat")"]="--strategy $2 --seed $((seed + seat))"
        seat_start "$dir" "$seat"
    done
    mischief["$dir/coordinator-$crook"]="--strategy $3"
    coordinator_start "$dir" "$crook"
}

stop_liars() { # DIR
    local dir=$1 seat
    for seat in "${liars[@]}"; do
        seat_stop "$dir" "$seat" TERM
    done
    stop "$dir/coordinator-$crook" TERM
}

# What member NAME did in its latest life: "D T", things done and of these signed twice.
deeds() { # DIR NAME
    sed -n 's/^mischief [a-z_]*: \([0-9]*\) done, \([0-9]*\) of them.*/\1 \2/p' "$1/$2.log" | tail -n 1
}

# Adds up what was done since; remembers who has signed twice.
note_deeds() { # DIR
    local dir=$1 seat done twice
    for seat in "${liars[@]}"; do
        read -r done twice < <(deeds "$dir" "$(member "$seat")") || done=0 twice=0
        seat_deeds=$((seat_deeds + done))
        [ "$twice" -eq 0 ] || signed_twice[$(member "$seat")]=1
    done
    read -r chair_deeds twice < <(deeds "$dir" "coordinator-$crook") || chair_deeds=0 twice=0
    [ "$twice" -eq 0 ] || signed_twice["coordinator-$crook"]=1
}

has_open_docket() { # DIR COORDINATOR
    local open
    open=$(status "$1" openDockets "$2") && [ "${open:-0}" -gt 0 ]
}

kill_coordinator() { # DIR COORDINATOR
    stop "$1/coordinator-$2" KILL
    kills=$((kills + 1))
    moment 2000
    coordinator_start "$1" "$2"
}

# Kills an honest coordinator now and then until the processes PIDS are gone.
kill_coordinators() { # DIR PID...
    local dir=$1 pid
    shift
    for pid in "$@"; do
        until is_gone "$pid"; do
            moment 6000
            kill_coordinator "$dir" "${honest[RANDOM % ${#honest[@]}]}"
        done
    done
}

# Kills the coordinator before the one that lies in every open docket, so that view 2 is the liar's, until
# the processes PIDS are gone.
give_way() { # DIR PID...
    local dir=$1 pid
    shift
    for pid in "$@"; do
        until is_gone "$pid"; do
            if within 1 has_open_docket "$dir" $(((crook + 1) % 3)); then
                stop "$dir/coordinator-$(((crook + 2) % 3))" KILL
                kills=$((kills + 1))
                pause 8
                coordinator_start "$dir" $(((crook + 2) % 3))
            fi
        done
    done
}

# Hands in the cases FIRST to LAST at once and waits for their conclusions. Each goes to another
# coordinator; where STRATEGY is about views above 1, to the one before the liar.
conclude_cases() { # DIR FIRST LAST STRATEGY
    local dir=$1 i home kill=kill_coordinators pids=()
    [[ $4 != *_tc ]] || kill=give_way
    for ((i = $2; i <= $3; i++)); do
        home=$((i % 3))
        [ "$kill" = kill_coordinators ] || home=$(((crook + 2) % 3))
        submit "$dir" "$work/case-$i" --home "$home" --wait --timeout 1200 --out "$work/result-$i" \
            --json >"$work/result-$i.json" 2>"$work/result-$i.log" &
        pids+=($!)
    done
    "$kill" "$dir" "${pids[@]}"
    for ((i = $2; i <= $3; i++)); do
        grep -q '"outcome":"conclusive"' "$work/result-$i/report.json" 2>/dev/null ||
            problem "case $i: $(tail -n 1 "$work/result-$i.log")"
    done
}

# Has every proof of coordinator INDEX checked; names who is proved in `proved`.
check_proofs() { # DIR INDEX
    local dir=$1 out=$work/proofs-$2 file said who
    aims misconduct "$(url "$dir" "$2")" --key "$dir/readers/lead.seed" --roster "$dir/roster.json" \
        -o "$out" >/dev/null 2>&1 ||
        problem "coordinator $2 exports no proofs"
    for file in "$out"/*.json; do
        [ -e "$file" ] || continue
        if ! said=$(aims verify-misconduct "$file" --roster "$dir/roster.json" --json); then
            problem "${file##*/} proves nothing"
            continue
        fi
        if who=$(json seat <<<"$said" 2>/dev/null); then
            who=$(member "$who")
        else
            who=coordinator-$(json coordinator <<<"$said")
        fi
        proofs=$((proofs + 1))
        proved[$who]=1
    done
}

check_justice() { # DIR
    local dir=$1 index who
    for index in "${honest[@]}"; do
        check_proofs "$dir" "$index"
    done
    for who in "${!signed_twice[@]}"; do
        [ -n "${proved[$who]:-}" ] || problem "$who signed twice and is not proved"
    done
    for who in "${!proved[@]}"; do
        [[ " ${names[*]} " == *" $who "* ]] || problem "$who is accused and did not lie"
    done
}

point_P5() {
    local dir=$work/council cases=${AIMS_CASES:-200} rounds=${#chair_strategies[@]} first=0 last i seat
    local liars=() honest=() names=() crook kills=0 proofs=0 seat_deeds=0 chair_deeds=0 said start
    local -A signed_twice=() proved=()
    mapfile -t liars < <(draw 10 33)
    crook=$((RANDOM % 3))
    mapfile -t honest < <(seq 0 2 | grep -vx "$crook")
    for seat in "${liars[@]}"; do
        names+=("$(member "$seat")")
    done
    names+=("coordinator-$crook")
    detail "liars: seats ${liars[*]}, coordinator $crook; random moments: AIMS_SEED=$seed"

    build_for_tests aims aims-agent aims-assess aims-coordinator byzantine-agent byzantine-coordinator
    council_create "$dir" 33 3
    for ((i = 0; i < cases; i++)); do
        pack "$dir" "$example" "$work/case-$i"
    done
    council_start "$dir" 33
    for ((i = 0; i < rounds; i++)); do
        last=$((cases * (i + 1) / rounds - 1))
        start=$SECONDS seat_deeds=0
        change_strategies "$dir" "${seat_strategies[i]}" "${chair_strategies[i]}"
        conclude_cases "$dir" "$first" "$last" "${chair_strategies[i]}"
        stop_liars "$dir"
        note_deeds "$dir"
        detail "seats ${seat_strategies[i]} ($seat_deeds), coordinator ${chair_strategies[i]} ($chair_deeds): $((last - first + 1)) cases in $((SECONDS - start)) s"
        [ "$seat_deeds" -gt 0 ] || problem "${seat_strategies[i]}: no seat did anything"
        [ "$chair_deeds" -gt 0 ] || problem "${chair_strategies[i]}: the coordinator did nothing"
        first=$((last + 1))
    done
    check_justice "$dir"
    council_stop "$dir"
    said=$("$python" "$parts/protocol.py" "$dir" "$cases" "${names[@]}") || problem "$said"
    detail "$said"
    detail "honest coordinators killed $kills times; $proofs proofs"
    conclude "$cases cases, each decided with one conclusion; ${#signed_twice[@]} liars signed twice, ${#proved[@]} proved, no honest one accused; $kills coordinators killed"
}
