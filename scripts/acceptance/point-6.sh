# What must be refused is refused, by whoever it reaches first, with a sentence.

# COMMAND must fail by itself (not crash) and say something that matches PATTERN.
refused() { # WHAT PATTERN COMMAND...
    local what=$1 pattern=$2 code=0 said sentence
    shift 2
    said=$(timeout 60 "$@" 2>&1) || code=$?
    sentence=$(grep -E -m 1 -- "$pattern" <<<"$said" || true)
    if [ "$code" -eq 0 ]; then
        problem "$what: was taken"
    elif [ "$code" -gt 4 ] || [ -z "$sentence" ]; then
        problem "$what: exit $code, $(tail -n 1 <<<"$said")"
    else
        refusals=$((refusals + 1))
        detail "$what: ${sentence//$work\//}"
    fi
}

submit_file() { # FILE KEY ROSTER
    aims submit "$1" --key "$2" --roster "$3" --url "$(url "$dir")"
}

flip_byte() { # FILE OFFSET OUT
    cp "$1" "$3"
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}

refuse_bundles() {
    local good=$work/good.aims size header
    size=$(stat -c %s "$good")
    header=$(od -An -tu4 --endian=big -j 8 -N 4 "$good")
    export -f submit_file url json
    export dir python

    flip_byte "$good" $((size - 1000)) "$work/altered.aims"
    refused "an altered byte, at the coordinator" "altered|digest|differ" \
        bash -c 'submit_file "$@"' - "$work/altered.aims" "$work/good.seed" "$dir/roster.json"
    refused "an altered byte, opened by a seat" "altered|digest|differ" aims unpack "$work/altered.aims" \
        -o "$work/bag" --key "$dir/seats/00/seat.seed" --roster "$dir/roster.json"
    head -c $((size - 1000)) "$good" >"$work/truncated.aims"
    refused "a truncated bundle, at the coordinator" "bytes|short|cut|ends" \
        bash -c 'submit_file "$@"' - "$work/truncated.aims" "$work/good.seed" "$dir/roster.json"
    refused "a truncated bundle, opened by a seat" "bytes|short|cut|ends" aims unpack "$work/truncated.aims" \
        -o "$work/bag" --key "$dir/seats/00/seat.seed" --roster "$dir/roster.json"
    refused "sealed for another roster, by the client" "another roster" \
        bash -c 'submit_file "$@"' - "$work/elsewhere.aims" "$work/elsewhere.seed" "$dir/roster.json"
    refused "sealed for another roster, at the coordinator" "roster" \
        bash -c 'submit_file "$@"' - "$work/elsewhere.aims" "$work/elsewhere.seed" "$other/roster.json"
    flip_byte "$good" $((12 + header + 10)) "$work/unsigned.aims"
    refused "a signature that is not the submitter's" "signature" \
        bash -c 'submit_file "$@"' - "$work/unsigned.aims" "$work/good.seed" "$dir/roster.json"
    refused "a bundle of somebody else's" "another key" \
        bash -c 'submit_file "$@"' - "$good" "$work/elsewhere.seed" "$dir/roster.json"
}

refuse_archives() {
    local kind
    aims pack "$example" -o "$work/plain.aims" --key "$work/good.seed" --plain >/dev/null
    for kind in climbs absolute symlink hardlink duplicate case-duplicate unlisted \
        zeros-compressed zeros-claimed zeros-sparse; do
        "$python" "$parts/hostile.py" bundle "$kind" "$work/plain.aims" "$work/$kind.aims"
        refused "an archive, $kind ($(stat -c %s "$work/$kind.aims") bytes)" "archive|bag" \
            aims unpack "$work/$kind.aims" -o "$work/bag-$kind"
        [ ! -e "$work/bag-$kind" ] || problem "$kind: left something behind"
    done
}

# A rule that never ends costs its criterion and nothing else.
stop_endless_rule() {
    local rules=$work/rulesets/registers answer
    mkdir -p "$work/rulesets"
    cp -r "$root/rules/rulesets/registers" "$rules"
    "$python" - "$rules/10.1.yaml" <<'END'
import pathlib, re, sys
path = pathlib.Path(sys.argv[1])
endless = """  sql: |
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n)
    SELECT 'numbers' AS resource, 'ok' AS status, count(*) || ' numbers' AS reason FROM n
    ORDER BY 1
"""
path.write_text(re.sub(r"  sql: \|\n(?:    .*\n)+", lambda match: endless, path.read_text(), count=1))
END
    answer=$(timeout 60 aims rules run "$example" --ruleset "$rules" 2>&1 | grep -E '^ *10\.1-1 ' || true)
    if grep -Eq 'step|budget|limit|work' <<<"$answer"; then
        refusals=$((refusals + 1))
        detail "a rule that loops for ever: $answer"
    else
        problem "a rule that loops for ever: '$answer'"
    fi
}

refuse_certificates() {
    local kind result=$work/result
    for kind in one-short repeated forged altered; do
        "$python" "$parts/hostile.py" certificate "$kind" "$result/certificate.json" 22 "$work/$kind.json"
    done
    refused "a certificate with 21 signatures" "REFUSED.*21" \
        aims verify "$work/one-short.json" --roster "$dir/roster.json"
    refused "a certificate with one signature twice" REFUSED \
        aims verify "$work/repeated.json" --roster "$dir/roster.json"
    refused "a certificate with a forged signature" REFUSED \
        aims verify "$work/forged.json" --roster "$dir/roster.json"
    refused "a certificate with an altered statement" REFUSED \
        aims verify "$work/altered.json" --roster "$dir/roster.json"
    refused "a certificate for another roster" REFUSED \
        aims verify "$result/certificate.json" --roster "$other/roster.json"
    sed 's/recommendedWithConditions/recommended/' "$result/report.json" >"$work/report.json"
    refused "an altered report" "report.*REFUSED" aims verify "$result/certificate.json" \
        --roster "$dir/roster.json" --report "$work/report.json"
}

# Seat 0 of DIR has been stopped; nobody else may stand in for it.
refuse_agents() {
    local link said seat=$other/seats/00
    link=$(json link <"$dir/coordinators/0/endpoints.json")

    cp -r "$dir/seats/00" "$work/forgetful"
    sed -i "s|\.\./\.\./roster.json|$dir/roster.json|" "$work/forgetful/agent.yaml"
    rm -f "$work/forgetful"/votes.db*
    refused "a key without its vote store" "votes.db|store" \
        aims-agent --config "$work/forgetful/agent.yaml" --coordinator "0=$link"
    cp "$seat/votes.db" "$work/forgetful/"
    refused "a key with the vote store of another council" "votes.db|store" \
        aims-agent --config "$work/forgetful/agent.yaml" --coordinator "0=$link"
    cp "$seat/seat.seed" "$work/forgetful/"
    refused "a seat with a key that the roster does not name" "key" \
        aims-agent --config "$work/forgetful/agent.yaml" --coordinator "0=$link"

    "$python" "$parts/hostile.py" stranger "$dir" "$seat"
    start stranger "$work/stranger.log" aims-agent --config "$seat/agent.yaml" --coordinator "0=$link"
    within 10 grep -q "keys that the roster does not name" "$dir/coordinator-0.log" ||
        problem "the coordinator does not tell of a stranger"
    [ "$(status "$dir" missing)" = 0 ] || problem "missing are '$(status "$dir" missing)', not seat 0 alone"
    said=$(grep -h -m 1 "keys that the roster does not name" "$dir/coordinator-0.log" || true)
    detail "an agent whose key the council does not know: ${said#*: }"
    refusals=$((refusals + 1))
    stop stranger TERM
}

point_6() {
    local dir=$work/council other=$work/other refusals=0
    council_create "$dir" 33
    council_create "$other" 33
    council_start "$dir" 33
    pack "$dir" "$example" "$work/good"
    pack "$other" "$example" "$work/elsewhere"
    submit_and_wait "$dir" "$work/good" "$work/result"

    refuse_bundles
    refuse_archives
    stop_endless_rule
    refuse_certificates
    seat_stop "$dir" 0 TERM
    within 15 status_is "$dir" seatsUp 32
    refuse_agents
    conclude "$refusals refusals, each with its sentence"
}
