#!/usr/bin/env bash
# Holds the tree to what compilers cannot see: who may include whom, one owner per third-party
# library, banned calls, function length, leftovers, format. Prints every offence as FILE:LINE.
set -u
cd "$(dirname "$0")/.." || exit 1

folders=(base crypto formats council proto evidence rules report store net agent coordinator client sim)
pure='council'
function_lines_max=60
offences=0

complain() {
    echo "$1"
    offences=$((offences + 1))
}

# Folders that FOLDER may include: itself and those before it. sim/ sees the pure part and formats/.
allowed_for() {
    local list=''
    if [ "$1" = sim ]; then
        echo 'base council crypto formats sim'
        return
    fi
    for f in "${folders[@]}"; do
        list="$list $f"
        [ "$f" = "$1" ] && break
    done
    echo "$list"
}

check_includes() {
    local folder allowed line file number target
    for folder in "${folders[@]}"; do
        allowed=" $(allowed_for "$folder") "
        while IFS= read -r line; do
            file=${line%%:*}
            number=$(echo "$line" | cut -d: -f2)
            target=$(echo "$line" | sed 's/.*#include "\([^"]*\)".*/\1/')
            case $target in
            */*) ;;
            *.pb-c.h) continue ;;
            *) complain "$file:$number: include \"$target\" without its folder" && continue ;;
            esac
            case $allowed in
            *" ${target%%/*} "*) ;;
            *) complain "$file:$number: $folder/ may not include ${target%%/*}/" ;;
            esac
        done < <(grep -n '^#include "' "$folder"/*.c "$folder"/*.h 2>/dev/null)
    done
}

# Pattern of the header's name | folders that own the library.
owners='sodium|crypto
openssl/|crypto
yaml\.h|formats
utf8proc\.h|formats
protobuf-c/|proto
archive(_entry)?\.h|evidence
sqlite3\.h|rules store
zmq\.h|net
microhttpd\.h|coordinator
curl/|client
seccomp\.h|agent'

check_owners() {
    local pattern owner hit folder
    while IFS='|' read -r pattern owner; do
        while IFS= read -r hit; do
            folder=${hit%%/*}
            case " $owner tests bench " in
            *" $folder "*) ;;
            *) complain "$hit: belongs to $owner/" ;;
            esac
        done < <(grep -nE "^#include <($pattern)" -- */*.c */*.h 2>/dev/null | cut -d: -f1,2)
    done <<<"$owners"
}

check_banned() {
    local hit folder
    while IFS= read -r hit; do
        complain "$hit: banned call"
    done < <(grep -nE '(^|[^A-Za-z0-9_])(strcpy|sprintf|strcat|strtok|atoi|rand|gets|alloca)\(' \
        -- */*.c */*.h tests/*/*.c tests/*/*.h 2>/dev/null | cut -d: -f1,2)
    for folder in $pure; do
        while IFS= read -r hit; do
            complain "$hit: $folder/ is pure"
        done < <(grep -nE '(^|[^A-Za-z0-9_])(malloc|calloc|realloc|free|printf|fprintf|getenv|time|clock_gettime|log_line|arena_[a-z]+|buffer_[a-z]+)\(' \
            -- "$folder"/*.c "$folder"/*.h | cut -d: -f1,2)
    done
}

check_functions() {
    # House format: a function's braces stand alone in column one.
    awk -v max="$function_lines_max" '
        FNR == 1 { start = 0 }
        /^\{$/ { start = FNR }
        /^\}$/ { if (start && FNR - start - 1 > max)
                     printf "%s:%d: function of %d lines, at most %d\n", FILENAME, start, FNR - start - 1, max
                 start = 0 }
    ' "$@"
}

check_leftovers() {
    local hit
    while IFS= read -r hit; do
        complain "$hit: leftover"
    done < <(grep -nE '\b(FIXME|TODO|XXX|HACK)\b' -- */*.c */*.h tests/*/*.c tests/*/*.h 2>/dev/null | cut -d: -f1,2)
    while IFS= read -r hit; do
        complain "$hit: // is for what does not stay"
    done < <(grep -nE '(^|[[:space:];])//( |$)' -- */*.c */*.h tests/*/*.c tests/*/*.h 2>/dev/null | cut -d: -f1,2)
    while IFS= read -r hit; do
        complain "$hit: over 100 columns"
    done < <(grep -nE '^.{101,}$' -- */*.c */*.h 2>/dev/null | cut -d: -f1,2)
}

check_format() {
    if ! command -v clang-format >/dev/null; then
        echo "clang-format is not installed: format not checked"
        return
    fi
    local file
    while IFS= read -r file; do
        complain "$file: not as clang-format has it"
    done < <(ls -- */*.c */*.h tests/*/*.c tests/*/*.h 2>/dev/null |
        xargs -P 2 -n 20 clang-format --dry-run --Werror 2>&1 | grep -oE '^[^: ]+:[0-9]+' | sort -u)
}

check_includes
check_owners
check_banned
while IFS= read -r hit; do
    complain "$hit"
done < <(check_functions $(ls -- */*.c tests/*/*.c 2>/dev/null))
check_leftovers
check_format

if [ "$offences" -ne 0 ]; then
    echo "$offences offences"
    exit 1
fi
echo "the tree is tidy"
