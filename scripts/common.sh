# shellcheck shell=bash disable=SC2034
# What the scripts share: where things are, a step with one line of progress, a hash of sources. Sourced, never run.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
root=$PWD
logs=$root/build/logs
py=$root/.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
mkdir -p "$logs"

die() {
    echo "$*" >&2
    exit 1
}

# 75 -> 1 min 15 s
duration() {
    if (($1 < 60)); then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# Says every now and then that NAME still runs, until it is killed or the script is gone.
tick() {
    local pause=60 began=$SECONDS
    [ -t 2 ] && pause=1
    # The sleep outlives its parent's end: it must hold no pipe that somebody reads to its end.
    while sleep $pause >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        if [ -t 2 ]; then printf '\r'; fi
        printf '%s ... %s' "$1" "$(duration $((SECONDS - began)))"
        if [ ! -t 2 ]; then echo; fi
    done >&2
}

# step NAME COMMAND...: output goes to a log; a line tells the time it took, a failure shows the log's end.
# Steps may be called where errexit is off: functions given to them join their commands with &&.
step() {
    local name=$1 began=$SECONDS status=0 log=$logs/${1//[^a-zA-Z0-9]/-}.log
    shift
    tick "$name" &
    local ticker=$!
    ("$@") >"$log" 2>&1 </dev/null || status=$?
    kill $ticker
    wait $ticker 2>/dev/null || true
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
    if ((status)); then
        echo "$name: failed after $(duration $((SECONDS - began))); the end of ${log#"$root"/}:"
        grep -vE '^ *Start +[0-9]+: | Passed +[0-9.]+ sec$' "$log" | tail -n 60 | cut -c 1-300 | sed 's/^/    /'
    elif ((SECONDS - began > 1)); then
        echo "$name: $(duration $((SECONDS - began)))"
    fi >&2
    return $status
}

# A hash of the contents of files and folders, without what builds leave in them.
hash_of() {
    find "$@" -type f ! -name '*.so' ! -name '_core.pyi' ! -path '*/.*' ! -path '*/__pycache__/*' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}
