#!/usr/bin/env bash
# Makes the runs of RESULTS.md anew, or what is missing of them: run.sh DATA [EXPERIMENT...], where DATA holds SST-2, CoLA, MRPC, RTE,
# BoolQ, TREC, SUBJ, CR, AG_News and SMS_Spam, each in its original form. Processes that are started side by side share the work.
# OUTPUT, if set, is where the results go in place of this folder.
set -euo pipefail
export LC_ALL=C OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=passive
here=$(cd "$(dirname "$0")" && pwd)
data=$(realpath "$1")
shift
output=${OUTPUT:-$here}
program=$here/../bin/Release/net10.0/linux-x64/FineTuneT5.dll
[ -f "$program" ] || dotnet build -c Release "$here/.."

tasks() { for task in "$@"; do echo "$task=$(find "$data" -maxdepth 2 -type d -name "${folders[$task]}" | head -1)"; done; }
declare -A folders=(
    [sst2]=SST-2 [cola]=CoLA [mrpc]=MRPC [rte]=RTE [boolq]=BoolQ [trec]=TREC [subj]=SUBJ [cr]=CR [agnews]=AG_News [sms]=SMS_Spam)

compare() { # compare NAME TASKS OPTIONS...
    local name=$1 list=$2
    shift 2
    # shellcheck disable=SC2046,SC2086 # words are wanted
    dotnet "$program" compare --resume --output "$output/$name" --tasks $(tasks $list) --dtype mixed --bucket-by-length \
        --validation-rows 300 --test-rows 400 --seeds 1 2 3 4 5 "$@"
}

[ $# -gt 0 ] || set -- main adamw family noise hard full
for experiment; do
    case $experiment in
    main) compare main "sst2 trec subj cr sms" --rows 100 300 1000 --steps 50 80 120 \
        --learning-rates adafactor=0.01,0.02,0.04 --algorithms base*1.25 sam/4 --rhos sam=0.1,0.5,2 ;;
    adamw) compare adamw "sst2 trec cr" --rows 100 300 --steps 50 80 \
        --learning-rates adamw=5e-4,1e-3,2e-3 --algorithms sam/4 --rhos sam=0.1,0.5,2 ;;
    *) echo "run.sh: there is no experiment $experiment" >&2 && exit 2 ;;
    esac
done
