# spin searches the model of one docket to its end.

point_P7() {
    local states megabytes start=$SECONDS
    "$root/scripts/model.sh" >"$work/model.txt" 2>"$work/model.log" || problem "$(tail -n 1 "$work/model.log")"
    sed 's/^/    /' "$work/model.txt"
    states=$(awk '$NF == "holds" { sum += $2 } END { printf "%d", sum }' "$work/model.txt")
    megabytes=$(awk 'NR > 1 && $5 > most { most = $5 } END { printf "%d", most }' "$work/model.txt")
    [ "$states" -gt 0 ] || problem "nothing was searched"
    conclude "$(grep -c 'holds$' "$work/model.txt") searches hold over $states states, none cut; $(grep -c 'disagrees$\|blames$' "$work/model.txt") wrong ones fail; $((SECONDS - start)) s, at most $megabytes MB"
}
