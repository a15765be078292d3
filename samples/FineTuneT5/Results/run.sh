#!/usr/bin/env bash
# Makes the runs of RESULTS.md anew, or what is missing of them: run.sh DATA [EXPERIMENT...], where DATA holds CoLA, RTE, BoolQ, TREC,
# SUBJ, CR, AG_News and SMS_Spam, each in its original form. Processes that are started side by side share the work.
# The experiment large is only done when named: none of its runs are here. OUTPUT, if set, is where the results go in place of this folder.
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
    [cola]=CoLA [rte]=RTE [boolq]=BoolQ [trec]=TREC [subj]=SUBJ [cr]=CR [agnews]=AG_News [sms]=SMS_Spam)

compare() { # compare NAME TASKS OPTIONS...
    local name=$1 list=$2
    shift 2
    # shellcheck disable=SC2046,SC2086 # words are wanted
    dotnet "$program" compare --resume --output "$output/$name" --tasks $(tasks $list) --dtype mixed --bucket-by-length \
        --validation-rows 300 --test-rows 400 --seeds 1 2 3 4 5 "$@"
}

short="--max-source-length 48"

[ $# -gt 0 ] || set -- main family noise adamw scratch hard
for experiment; do
    case $experiment in
    main) compare main "agnews cr sms subj trec" $short --rows 100 300 --steps 120 160 \
        --learning-rates adafactor=0.02,0.04 --algorithms 'base*1.25' sam/4 --rhos sam=0.05,0.1,0.2 ;;
    family) compare family "cr trec" $short --rows 100 --steps 120 \
        --learning-rates adafactor=0.02,0.04 --algorithms sam asam/4 gsam looksam --rhos sam=0.1,0.2 asam=0.5,2 gsam=0.1,0.2 looksam=0.1,0.2 ;;
    noise) compare noise "cr trec" $short --rows 300 --steps 160 --label-noise 0.2 \
        --learning-rates adafactor=0.02,0.04 --algorithms sam/4 --rhos sam=0.1,0.2 ;;
    adamw) compare adamw "cr trec" $short --rows 100 --steps 120 \
        --learning-rates adamw=4e-3,8e-3 --algorithms sam/4 --rhos sam=0.1,0.2 ;;
    scratch) # the same shape with fresh weights, to see what the pre-training is worth; with the dropout of fine-tuning
        shape=${TMPDIR:-/tmp}/fresh-t5.json
        sed 's/"dropout_rate": 0.0/"dropout_rate": 0.1/' "$here/../Pretraining/shape.json" > "$shape"
        compare scratch "subj trec" $short --rows 300 --steps 160 --model "$shape" --tokenizer "$here/../Pretraining/model/spiece.model" \
            --learning-rates adafactor=0.02,0.04 --algorithms 'base*1.25' ;;
    hard) compare hard "cola rte" --rows 300 --steps 60 --max-source-length 96 --learning-rates adafactor=0.02 --algorithms sam/4 --rhos sam=0.2
        compare boolq "boolq" --rows all --steps 30 --max-source-length 96 --learning-rates adafactor=0.02 --algorithms sam/4 --rhos sam=0.2 ;;
    large) compare large "trec" $short --rows 1000 all --steps 240 400 \
        --learning-rates adafactor=0.02,0.04 --algorithms sam/4 --rhos sam=0.1,0.2 ;;
    *) echo "run.sh: there is no experiment $experiment" >&2 && exit 2 ;;
    esac
done
