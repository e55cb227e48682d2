# The same evidence is the same case, however often it is packed and submitted.

point_3() {
    local dir=$work/council first second
    council_create "$dir" 4
    council_start "$dir" 4

    aims key create "$work/a.seed" >/dev/null 2>&1
    aims pack "$example" -o "$work/one.aims" --key "$work/a.seed" --plain --json >"$work/one.json"
    aims pack "$example" -o "$work/two.aims" --key "$work/a.seed" --plain --json >"$work/two.json"
    cmp -s "$work/one.aims" "$work/two.aims" || problem "two plain packs differ"

    for name in c d; do
        cp "$work/a.seed" "$work/$name.seed"
        aims pack "$example" -o "$work/$name.aims" --key "$work/a.seed" --roster "$dir/roster.json" \
            --json >"$work/$name.json"
    done
    local digests
    digests=$(for name in one two c d; do json manifest <"$work/$name.json"; done | sort -u | wc -l)
    [ "$digests" -eq 1 ] || problem "four packs have $digests manifest digests"
    ! cmp -s "$work/c.aims" "$work/d.aims" || problem "two sealed packs use the same keys"

    submit_and_wait "$dir" "$work/c" "$work/result-c"
    submit_and_wait "$dir" "$work/c" "$work/result-again"
    submit_and_wait "$dir" "$work/d" "$work/result-d"
    first=$(json case <"$work/result-c.json")
    for second in again d; do
        [ "$(json case <"$work/result-$second.json")" = "$first" ] || problem "another case: $second"
        cmp -s "$work/result-c/report.json" "$work/result-$second/report.json" ||
            problem "another report: $second"
    done
    [ "$(status "$dir" cases.decided)" = 1 ] || problem "the council has more than one case"
    conclude "4 packs, 1 manifest digest, plain packs identical; 3 submissions of 2 packs, 1 case"
}
