#!/usr/bin/env bash
# Makes the comparisons of RESULTS.md again: run.sh <folder with glue/, superglue/ and textclass/> [output]. Stop it at any time: run it again and it goes on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
data=$1 out=${2:-runs/encoders}
run() { dotnet run -c Release --project samples/FineTuneEncoder -- compare "$@" --resume; }

# What the program does without arguments.
run --output "$out/demonstration"

few=(sst2="$data/glue/SST-2" subj="$data/textclass/SUBJ" trec="$data/textclass/TREC" cr="$data/textclass/CR")
transfer=(--transfer sst2:cr="$data/textclass/CR" sst2:mr="$data/textclass/MR")
common=(--validation-rows 300 --test-rows 500 --typing-errors 0.2 --dtype mixed --freeze 4)
tuned=("${common[@]}" --seeds 1 2 3 4 5 6 7 8 --tuning-seeds 101 102)
adamw=(--learning-rates adamw=0.0001,0.0002,0.0004)
family=(--algorithms 'base*2' tuned-steps sam:body asam:body --rhos tuned-steps=0.5,1,2 sam=0.05,0.1,0.2 asam=0.3,0.5,1)

compared() { run --output "$out/$1" --tasks "${few[@]}" "${tuned[@]}" "${@:2}"; }

# Clean labels, little data: the base tuned in rate and number of steps, SAM and ASAM in their radii.
clean() { compared "$@" "${transfer[@]}" --label-noise 0 "${adamw[@]}" "${family[@]}"; }
clean clean-100 --rows 100 --steps 50
clean clean-300 --rows 300 --steps 120
clean arctic-100 --model arctic --rows 100 --steps 50
run --output "$out/clean-1000" --tasks "${few[@]}" "${common[@]}" "${transfer[@]}" --seeds 1 2 3 4 5 --tuning-seeds 101 --label-noise 0 --rows 1000 --steps 250 \
    "${adamw[@]}" "${family[@]}"

# Whole data sets, nothing tuned.
run --output "$out/whole" --tasks "${few[@]:2}" "${common[@]}" --seeds 1 2 3 4 5 --label-noise 0 --rows all --steps 400 --learning-rates adamw=0.0004 \
    --algorithms 'base*2' sam:body asam:body --rhos sam=0.1 asam=0.5

# The same at 100 rows with Adafactor underneath.
compared adafactor-100 --label-noise 0 --rows 100 --steps 50 --learning-rates adafactor=0.001,0.003,0.01 "${family[@]}"

# One label in five wrong, and bases that defend themselves.
compared wrong-300 "${transfer[@]}" --label-noise 0.2 --rows 300 --steps 120 "${adamw[@]}" \
    --algorithms 'base*2' tuned-steps label-smoothing loss-ceiling sam:body asam:body asam:body/4 \
    --rhos tuned-steps=0.25,0.5,1 label-smoothing=0.1,0.2,0.4 loss-ceiling=1,2,4 sam=0.1,0.2,0.4 asam=0.3,0.5,1

# Fewer and more wrong labels.
wrong() { compared "$1" --label-noise "$2" --rows 300 --steps 120 "${adamw[@]}" \
    --algorithms tuned-steps sam:body asam:body --rhos tuned-steps=0.25,0.5,1 sam=0.1,0.2,0.4 asam=0.3,0.5,1; }
wrong wrong-40 0.4
wrong wrong-10 0.1

# Fewer and more rows.
few_wrong() { run --output "$out/$1" --tasks "${few[@]}" "${common[@]}" --seeds 1 2 3 4 5 6 7 8 --tuning-seeds 101 --label-noise 0.2 "${adamw[@]}" \
    --algorithms tuned-steps sam:body asam:body --rhos tuned-steps=0.25,0.5,1 "${@:2}"; }
few_wrong wrong-100 sam=0.05,0.1,0.2 asam=0.3,0.5,1 --rows 100 --steps 50
few_wrong wrong-1000 sam=0.1 asam=0.5 --rows 1000 --steps 250

# Clean labels, few rows of each class.
compared few --label-noise 0 --rows 16/class 32/class --steps 30 50 "${adamw[@]}" "${family[@]}"

# Judgments of sentences, pairs of sentences, and news.
run --output "$out/pairs-300" --tasks cola="$data/glue/CoLA" mrpc="$data/glue/MRPC" rte="$data/glue/RTE" agnews="$data/textclass/AG_News" \
    "${tuned[@]}" --max-source-length 128 --bucket-by-length --label-noise 0 --rows 300 --steps 120 "${adamw[@]}" "${family[@]}"

# The questions of BoolQ's validation set that fit into 128 pieces.
mkdir -p "$out/boolq-data"
awk 'NF < 95' "$data/superglue/BoolQ/val.jsonl" | head -n -500 > "$out/boolq-data/train.jsonl"
awk 'NF < 95' "$data/superglue/BoolQ/val.jsonl" | tail -n 500 > "$out/boolq-data/val.jsonl"
run --output "$out/boolq-100" --tasks boolq="$out/boolq-data" "${common[@]}" --seeds 1 2 3 4 5 6 7 8 --max-source-length 128 --bucket-by-length \
    --label-noise 0 --rows 100 --steps 40 --learning-rates adamw=0.0001 --algorithms 'base*2' sam:body asam:body --rhos sam=0.1 asam=0.5

# Other algorithms of the family on wrong labels.
run --output "$out/family-wrong" --tasks "${few[@]}" "${common[@]}" --seeds 1 2 3 4 5 --tuning-seeds 101 --label-noise 0.2 --rows 300 --steps 120 \
    "${adamw[@]}" --algorithms base:averaged sam:body/4 sam:body:m4 sam:body:averaged gsam:body friendly-sam:body stale-sam:body rwp:body \
    --rhos sam=0.05,0.1,0.2 gsam=0.05,0.1,0.2 friendly-sam=0.05,0.1,0.2 stale-sam=0.05,0.1,0.2 rwp=0.01,0.03,0.1

# All of them under one correction.
dotnet run -c Release --project samples/FineTuneEncoder -- summary "$out"/{few,clean-100,clean-300,clean-1000,whole,pairs-300,boolq-100,arctic-100} \
    "$out"/{adafactor-100,wrong-10,wrong-100,wrong-300,wrong-1000,wrong-40,family-wrong} | tee "$out/summary.txt"
