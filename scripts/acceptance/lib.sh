# Sourced by scripts/acceptance.sh and benchmarks: councils whose every process is ours to stop,
# kill and start again.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${AIMS_BIN:-$root/build/release/bin} # programs to try; built when they are ours
python=/usr/bin/python3                  # Debian's own, which has python3-cryptography
parts=$root/scripts/acceptance
PATH=$bin:$PATH

declare -A process=() # name -> pid of what we started

pause() { # SECONDS
    read -r -t "$1" <> <(:) || true
}

# Tries COMMAND until it succeeds; fails after SECONDS.
within() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        pause 0.05
    done
}

build() {
    [ -z "${AIMS_BIN:-}" ] || return 0
    local log
    log=$(mktemp -t aims-build-XXXXXX)
    if ! (cd "$root" && cmake --preset release && cmake --build --preset release -j 2) >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Programs that only tests have, built as the others are, and the others beside them; they are what is
# tried from now on.
build_for_tests() { # TARGET...
    [ -z "${AIMS_BIN:-}" ] || return 0
    if ! (cd "$root" && cmake --preset acceptance && cmake --build --preset acceptance -j 2 --target "$@") \
        >"$work/build.log" 2>&1; then
        tail -n 20 "$work/build.log" >&2
        return 1
    fi
    bin=$root/build/acceptance/bin
    PATH=$bin:$PATH
}

# ---- processes ----

start() { # NAME LOG COMMAND...
    local name=$1 log=$2
    shift 2
    "$@" >>"$log" 2>&1 &
    process[$name]=$!
    disown
}

is_gone() { # PID; also when nobody has asked yet how it ended
    ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"
}

# Sends SIGNAL and waits until the process is gone.
stop() { # NAME SIGNAL
    local pid=${process[$1]:-}
    [ -n "$pid" ] || return 0
    unset "process[$1]"
    kill "-$2" "$pid" 2>/dev/null || return 0
    within 20 is_gone "$pid" || { kill -9 "$pid" 2>/dev/null; within 5 is_gone "$pid"; }
}

stop_all() {
    local name
    for name in "${!process[@]}"; do
        kill -TERM "${process[$name]}" 2>/dev/null || true
        kill -CONT "${process[$name]}" 2>/dev/null || true
    done
    for name in "${!process[@]}"; do
        stop "$name" TERM
    done
}

# ---- JSON ----

# Prints member PATH ("seats.up", "cases.0") of the JSON on standard input; lists with spaces between.
json() { # PATH
    "$python" -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(*value if isinstance(value, list) else [value])' "$1"
}

# ---- councils: DIR with coordinators and seats as processes "DIR/coordinator-I" and "DIR/seat-NN" ----

# Process -> options of the Byzantine program that is started in its place.
declare -A mischief=()

council_create() { # DIR SEATS [COORDINATORS]
    aims council create "$1" --seats "$2" ${3:+--coordinators "$3"} --name "Council under test" \
        >/dev/null 2>&1
}

url() { # DIR [COORDINATOR]
    json http <"$1/coordinators/${2:-0}/endpoints.json"
}

coordinators() { # DIR
    ls "$1/coordinators"
}

# Starts PROGRAM as process NAME, which logs to NAME.log, or the Byzantine one in its place.
start_member() { # NAME PROGRAM OPTION...
    local name=$1 program=$2 lies=()
    shift 2
    if [ -n "${mischief[$name]:-}" ]; then
        read -ra lies <<<"${mischief[$name]}"
        start "$name" "$name.log" "${program/aims-/byzantine-}" "${lies[@]}" -- "$@"
    else
        start "$name" "$name.log" "$program" "$@"
    fi
}

# Starts a coordinator, where it listened before if it did.
coordinator_start() { # DIR [COORDINATOR]
    local index=${2:-0} where=()
    local file=$1/coordinators/$index/endpoints.json
    if [ -s "$file" ]; then
        local http
        http=$(json http <"$file")
        where=(--link "$(json link <"$file")" --http "${http#http://}")
    fi
    start_member "$1/coordinator-$index" \
        aims-coordinator --config "$1/coordinators/$index/coordinator.yaml" "${where[@]}"
    within 30 test -s "$file"
}

seat_start() { # DIR SEAT
    local number index where=()
    number=$(printf %02d "$2")
    for index in $(coordinators "$1"); do
        where+=(--coordinator "$index=$(json link <"$1/coordinators/$index/endpoints.json")")
    done
    start_member "$1/seat-$number" aims-agent --config "$1/seats/$number/agent.yaml" "${where[@]}"
}

seat_stop() { # DIR SEAT SIGNAL
    stop "$1/seat-$(printf %02d "$2")" "$3"
}

status() { # DIR PATH [COORDINATOR]
    aims council status "$(url "$1" "${3:-0}")" --json 2>/dev/null | json "$2" 2>/dev/null
}

status_is() { # DIR PATH VALUE [COORDINATOR]
    [ "$(status "$1" "$2" "${4:-0}")" = "$3" ]
}

# Starts coordinators and all seats and waits until every coordinator has all seats.
council_start() { # DIR SEATS
    local seat index
    for index in $(coordinators "$1"); do
        coordinator_start "$1" "$index"
    done
    for ((seat = 0; seat < $2; seat++)); do
        seat_start "$1" "$seat"
    done
    for index in $(coordinators "$1"); do
        within 60 status_is "$1" seatsUp "$2" "$index"
    done
}

council_stop() { # DIR
    local name
    for name in "${!process[@]}"; do
        [[ $name != "$1"/* ]] || kill -TERM "${process[$name]}" 2>/dev/null || true
    done
    for name in "${!process[@]}"; do
        [[ $name != "$1"/* ]] || stop "$name" TERM
    done
}

# Makes key and bundle NAME.seed and NAME.aims of EVIDENCE for the council DIR.
pack() { # DIR EVIDENCE NAME
    aims key create "$3.seed" >/dev/null 2>&1
    aims pack "$2" -o "$3.aims" --key "$3.seed" --roster "$1/roster.json" >/dev/null 2>&1
}

submit() { # DIR NAME OPTION...
    local dir=$1 name=$2 index where=()
    shift 2
    for index in $(coordinators "$dir"); do
        where+=(--coordinator "$index=$(url "$dir" "$index")")
    done
    [ "${#where[@]}" -gt 2 ] || where=(--url "$(url "$dir")")
    aims submit "$name.aims" --key "$name.seed" --roster "$dir/roster.json" "${where[@]}" "$@"
}

# Exit codes 0, 3 and so on name decisions; for us all of them are results.
submit_and_wait() { # DIR NAME OUT
    local code=0
    submit "$1" "$2" --wait --timeout 180 --out "$3" --json >"$3.json" 2>"$3.log" || code=$?
    [ -s "$3/certificate.json" ] || { tail -n 1 "$3.log" >&2; return "$((code == 0 ? 1 : code))"; }
}
