#!/usr/bin/env bash
# Makes the missing runs of RESULTS.md: run.sh DATA [EXPERIMENT...], where DATA contains SST-2, CoLA, MRPC, RTE, BoolQ,
# TREC, SUBJ, CR and AG_News in their original forms. Several processes share the work.
# OUTPUT, if set, is the folder of the results instead of this one.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=passive
here=$(cd "$(dirname "$0")" && pwd)
data=$(realpath "$1")
shift
output=${OUTPUT:-$here}
program=$here/../../bin/Release/net10.0/linux-x64/FineTuneT5.dll
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
[ -f "$program" ] || dotnet build -c Release "$here/../.."

folder() { find "$data" -maxdepth 2 -type d -name "${folders[$1]}" | sort | head -1; }

# BoolQ's public training sample has 32 rows: most of the validation rows replace it.
boolq() {
    head -n 2400 "$(folder boolq)/val.jsonl" > "$work/train.jsonl"
    tail -n +2401 "$(folder boolq)/val.jsonl" > "$work/val.jsonl"
    echo "$work"
}

tasks() { for task in "$@"; do echo "$task=$(case $task in boolq) boolq ;; *) folder "$task" ;; esac)"; done; }
declare -A folders=(
    [sst2]=SST-2 [cola]=CoLA [mrpc]=MRPC [rte]=RTE [boolq]=BoolQ [trec]=TREC [subj]=SUBJ [cr]=CR [agnews]=AG_News)

compare() { # compare NAME TASKS OPTIONS...
    local name=$1 list=$2
    shift 2
    # shellcheck disable=SC2046,SC2086 # words are wanted
    dotnet "$program" compare --resume --output "$output/$name" --tasks $(tasks $list) --dtype mixed --bucket-by-length \
        --validation-rows 300 --test-rows 400 --seeds 1 2 3 4 5 "$@"
}

# Peak resident memory of fine-tuning in MB, the minimum of three runs.
peak() { # peak OPTIONS...
    local least=
    for _ in 1 2 3; do
        local most=0 now
        dotnet "$program" --task trec --data "$(folder trec)" --train-rows 300 --steps 40 --batch 16 --max-source-length 48 \
            --optimizer adafactor --learning-rate 0.01 --dtype mixed --output "$work/run" "$@" > "$work/log" &
        while kill -0 $! 2> "$work/gone"; do
            now=$(awk '/VmHWM/ { print int($2 / 1024) }' /proc/$!/status 2> "$work/gone" || true)
            most=${now:-$most}
            sleep 0.05
        done
        wait $!
        rm -r "$work/run"
        [ -n "$least" ] && [ "$least" -le "$most" ] || least=$most
    done
    echo "$least"
}

# A row of the table; oneDNN caches a kernel for each shape of a batch unless told not to.
memory() { # memory TITLE OPTIONS...
    local usual without
    usual=$(peak "${@:2}")
    without=$(ONEDNN_PRIMITIVE_CACHE_CAPACITY=0 peak "${@:2}")
    echo "| $1 | $usual | $without |"
}

short="--max-source-length 48"

[ $# -gt 0 ] || set -- main family full adamw noise hard scratch memory
for experiment; do
    case $experiment in
    main) compare main "agnews cr sst2 subj trec" $short --rows 100 300 1000 --steps 120 160 280 --tuning-seeds 101 102 \
        --learning-rates adafactor=0.01,0.02 --algorithms 'base*1.25' sam/4 --rhos sam=0.05,0.1,0.2 ;;
    full) compare full "cr trec" $short --rows all --steps 600 \
        --learning-rates adafactor=0.014 --algorithms sam/4 --rhos sam=0.05 ;; # as chosen by main
    family) compare family "agnews cr sst2 subj trec" $short --rows 100 --steps 120 --tuning-seeds 101 \
        --learning-rates adafactor=0.014 --algorithms 'base*2' sam asam/4 stale-sam interval-sam/4 \
        --rhos sam=0.05,0.1 asam=0.5,1 stale-sam=0.1,0.2 interval-sam=0.05,0.1 ;; # the rate chosen by main
    adamw) compare adamw "cr trec" $short --rows 300 --steps 160 --tuning-seeds 101 102 \
        --learning-rates adamw=1e-3,2e-3,4e-3 --algorithms sam/4 --rhos sam=0.05,0.1,0.2 ;;
    noise) compare noise "cr trec" $short --rows 300 --steps 160 --label-noise 0.2 \
        --learning-rates adafactor=0.014 --algorithms sam/4 --rhos sam=0.05 ;; # as chosen by main
    hard) compare hard "cola mrpc rte boolq" --max-source-length 96 --rows 300 --steps 160 \
        --learning-rates adafactor=0.014 --algorithms sam/4 --rhos sam=0.05 ;; # as chosen by main
    scratch) # the same shape with random weights, to measure the value of pre-training
        compare scratch "subj trec" $short --rows 300 --steps 160 --model "$here/../model/config.json" --tokenizer "$here/../model/spiece.model" \
            --learning-rates adafactor=0.02,0.04 --algorithms 'base*1.25' ;;
    memory)
        mkdir -p "$output/memory"
        {
            printf '| algorithm | peak memory, MB | without kept kernels, MB |\n| --- | ---: | ---: |\n'
            memory base --rho 0
            memory "SAM, 1/4 ascent" --rho 0.05 --ascent-fraction 0.25
            memory SAM --rho 0.05 --ascent-fraction 1
        } > "$output/memory/report.md" ;;
    *) echo "run.sh: there is no experiment $experiment" >&2 && exit 2 ;;
    esac
done
