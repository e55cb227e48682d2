# As many lying assessors as may be faulty change nothing, and the report names them.

# Makes SEAT of the council DIR lie as MODE says.
make_liar() { # DIR SEAT MODE
    local seat=$1/seats/$(printf %02d "$2") share
    share=$(cd "$bin/../share/aims" && pwd)
    cat >>"$seat/agent.yaml" <<END
assessor: [$python, $root/tests/assessors/liar.py, $3, $bin/aims-assess, --catalog,
  $share/catalogs/iso42001-2023, --ruleset, $share/rulesets/registers, --schema, $share/schema.yaml,
  --spool, $(cd "$seat" && pwd)/spool]
END
}

# Has a council with the seats in LIARS lying as MODE says decide CASES cases.
hear_liars() { # MODE CASES
    local mode=$1 dir=$work/$1 seat i said reports=()
    council_create "$dir" 33
    for seat in "${liars[@]}"; do
        make_liar "$dir" "$seat" "$mode"
    done
    council_start "$dir" 33
    for ((i = 0; i < $2; i++)); do
        pack "$dir" "$example" "$work/$mode-$i"
        submit_and_wait "$dir" "$work/$mode-$i" "$work/$mode-result-$i"
        # Exits by the decision.
        aims report "$work/$mode-result-$i/report.json" --roster "$dir/roster.json" \
            >"$work/$mode-result-$i/report.txt" || [ -s "$work/$mode-result-$i/report.txt" ]
        reports+=("$work/$mode-result-$i/report.json")
    done
    if said=$("$python" "$parts/liars.py" "$(IFS=,; echo "${liars[*]}")" "$work/honest/report.json" \
        "${reports[@]}"); then
        detail "$mode: $said"
    else
        problem "$mode: $said"
    fi
    council_stop "$dir"
}

point_5() {
    local liars=() cases=5
    mapfile -t liars < <(for ((i = 0; i < 33; i++)); do echo "$RANDOM $i"; done | sort -n | head -n 10 |
        cut -d ' ' -f 2 | sort -n)

    council_create "$work/council" 33
    council_start "$work/council" 33
    pack "$work/council" "$example" "$work/case"
    submit_and_wait "$work/council" "$work/case" "$work/honest"
    council_stop "$work/council"

    hear_liars invert "$cases"
    hear_liars random "$cases"
    conclude "seats ${liars[*]} lied in $((2 * cases)) cases; every finding stood, every liar is named"
}
