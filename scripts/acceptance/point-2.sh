# All agencies of a real inventory are decided, and what it does not say is held against nobody.

import_agency() { # ABBREVIATION
    aims import federal-inventory "$csv" --agency "$1" -o "$work/$1.evidence" --json >"$work/$1.import.json"
    aims check "$work/$1.evidence" >"$work/$1.check" || problem "$1: $(tail -n 1 "$work/$1.check")"
    pack "$dir" "$work/$1.evidence" "$work/$1"
}

# Writes the report with the rows of the papers; seats send these after the decision, when they find time.
has_papers() { # ABBREVIATION
    aims report "$(json case <"$work/$1.json")" --key "$work/$1.seed" --roster "$dir/roster.json" \
        --url "$(url "$dir")" --papers --rows 10000 >"$work/$1.txt" 2>/dev/null || true
    grep -q 'In the words of seat' "$work/$1.txt"
}

check_result() { # ABBREVIATION
    local said
    said=$(aims verify "$work/$1/certificate.json" --roster "$dir/roster.json" --report "$work/$1/report.json" \
        --bundle "$work/$1.aims") || problem "$1: $(grep REFUSED <<<"$said")"
    if [ -e "$checks_dir/verify_certificate.py" ]; then
        "$python" "$checks_dir/verify_certificate.py" "$dir/keyring.json" "$work/$1/certificate.json" \
            "$work/$1/report.json" >/dev/null || problem "$1: verify_certificate.py refuses the certificate"
    fi
    within 60 has_papers "$1" || problem "$1: no working papers came"
}

point_2() {
    local csv=$data_dir/federal-ai-use-case-inventory-2024.csv dir=$work/council agencies=() agency said pids=()
    [ -e "$csv" ] || skip "there is no $csv"
    mapfile -t agencies < <(aims import federal-inventory "$csv" --list-agencies --json | "$python" -c '
import json, sys
print(*(agency["abbreviation"] for agency in json.load(sys.stdin)), sep="\n")')
    [ "${#agencies[@]}" -eq 41 ] || problem "${#agencies[@]} agencies are in the inventory"

    council_create "$dir" 33
    council_start "$dir" 33
    for agency in "${agencies[@]}"; do
        import_agency "$agency"
    done
    for agency in "${agencies[@]}"; do
        submit_and_wait "$dir" "$work/$agency" "$work/$agency" &
        pids+=($!)
    done
    for agency in "${agencies[@]}"; do
        wait "${pids[0]}" || problem "$agency: was not decided"
        pids=("${pids[@]:1}")
    done
    [ ${#problems[@]} -eq 0 ] || conclude ""
    for agency in "${agencies[@]}"; do
        check_result "$agency"
    done
    said=$("$python" "$parts/inventory.py" "$csv" "$work" "${agencies[@]}") || problem "$(tail -n 1 <<<"$said")"
    sed '$d' <<<"$said"
    conclude "$(tail -n 1 <<<"$said"), ${#agencies[@]} certificates; findings rest on answers alone"
}
