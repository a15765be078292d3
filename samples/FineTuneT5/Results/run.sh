#!/usr/bin/env bash
# Makes the runs of RESULTS.md anew, or what is missing of them: run.sh DATA [EXPERIMENT...], where DATA holds SST-2, CoLA, MRPC, RTE, BoolQ,
# TREC, SUBJ, CR and AG_News, each in its original form. Processes that are started side by side share the work.
# OUTPUT, if set, is where the results go in place of this folder.
set -euo pipefail
export LC_ALL=C OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=passive
here=$(cd "$(dirname "$0")" && pwd)
data=$(realpath "$1")
shift
output=${OUTPUT:-$here}
program=$here/../bin/Release/net10.0/linux-x64/FineTuneT5.dll
[ -f "$program" ] || dotnet build -c Release "$here/.."

tasks() { for task in "$@"; do echo "$task=$(find "$data" -maxdepth 2 -type d -name "${folders[$task]}" | sort | head -1)"; done; }
declare -A folders=(
    [sst2]=SST-2 [cola]=CoLA [mrpc]=MRPC [rte]=RTE [boolq]=BoolQ [trec]=TREC [subj]=SUBJ [cr]=CR [agnews]=AG_News)

compare() { # compare NAME TASKS OPTIONS...
    local name=$1 list=$2
    shift 2
    # shellcheck disable=SC2046,SC2086 # words are wanted
    dotnet "$program" compare --resume --output "$output/$name" --tasks $(tasks $list) --dtype mixed --bucket-by-length \
        --validation-rows 300 --test-rows 400 --seeds 1 2 3 4 5 "$@"
}

# The largest resident memory of fine-tuning alone in a process, in MB: the least of three runs.
memory() { # memory TITLE OPTIONS...
    local title=$1 least=
    shift
    for _ in 1 2 3; do
        local work most=0 now
        work=$(mktemp -d)
        dotnet "$program" --task trec --data "$(tasks trec | cut -d= -f2)" --train-rows 300 --steps 40 --batch 16 --max-source-length 48 \
            --optimizer adafactor --learning-rate 0.01 --dtype mixed --output "$work/run" "$@" > "$work/log" &
        while kill -0 $! 2> "$work/gone"; do
            now=$(awk '/VmHWM/ { print int($2 / 1024) }' /proc/$!/status 2> "$work/gone" || true)
            most=${now:-$most}
            sleep 0.05
        done
        wait $!
        rm -r "$work"
        [ -n "$least" ] && [ "$least" -le "$most" ] || least=$most
    done
    echo "| $title | $least |"
}

short="--max-source-length 48"

[ $# -gt 0 ] || set -- main family asam full adamw noise hard scratch memory
for experiment; do
    case $experiment in
    main) compare main "agnews cr sst2 subj trec" $short --rows 100 300 1000 --steps 120 160 280 --tuning-seeds 101 102 \
        --learning-rates adafactor=0.01,0.02 --algorithms 'base*1.25' sam/4 --rhos sam=0.05,0.1,0.2 ;;
    full) compare full "trec" $short --rows all --steps 600 \
        --learning-rates adafactor=0.01 --algorithms sam/4 --rhos sam=0.05 ;; # as main chose them
    family) compare family "cr trec" $short --rows 100 --steps 120 \
        --learning-rates adafactor=0.01,0.02 --algorithms 'base*2' sam asam/4 stale-sam interval-sam/4 \
        --rhos sam=0.05,0.1,0.2 asam=0.5,1,2 stale-sam=0.05,0.1,0.2 interval-sam=0.05,0.1,0.2 ;;
    asam) compare asam "agnews cr sst2 subj trec" $short --rows 100 300 --steps 120 160 \
        --learning-rates adafactor=0.01 --algorithms asam/4 --rhos asam=2 ;; # as main and family chose them
    adamw) compare adamw "cr trec" $short --rows 300 --steps 160 \
        --learning-rates adamw=1e-3,2e-3,4e-3 --algorithms sam/4 --rhos sam=0.05,0.1,0.2 ;;
    noise) compare noise "cr trec" $short --rows 300 --steps 160 --label-noise 0.2 \
        --learning-rates adafactor=0.01 --algorithms sam/4 --rhos sam=0.05 ;; # as main chose them
    hard) compare hard "cola mrpc rte" --rows 300 --steps 80 --max-source-length 96 --learning-rates adafactor=0.01 --algorithms sam/4 --rhos sam=0.05
        compare boolq "boolq" --rows all --steps 30 --max-source-length 96 --learning-rates adafactor=0.01 --algorithms sam/4 --rhos sam=0.05 ;;
    scratch) # the same shape with fresh weights, to see what the pre-training is worth
        compare scratch "subj trec" $short --rows 300 --steps 160 --model "$here/../Pretraining/shape.json" --tokenizer "$here/../Pretraining/model/spiece.model" \
            --learning-rates adafactor=0.02,0.04 --algorithms 'base*1.25' ;;
    memory)
        mkdir -p "$output/memory"
        {
            printf '| algorithm | peak memory, MB |\n| --- | ---: |\n'
            memory base --rho 0
            memory "SAM, 1/4 ascent" --rho 0.05 --ascent-fraction 0.25
            memory SAM --rho 0.05 --ascent-fraction 1
        } > "$output/memory/report.md" ;;
    *) echo "run.sh: there is no experiment $experiment" >&2 && exit 2 ;;
    esac
done
