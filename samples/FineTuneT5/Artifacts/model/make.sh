#!/usr/bin/env bash
# Reproduces the vocabulary of this folder and pre-trains a model with it; README.md describes the text and the results.
#   make.sh vocabulary CORPUS OUTPUT                        writes OUTPUT/spiece.model, with SentencePiece's spm_train
#   make.sh pretrain   CORPUS OUTPUT OPTIONS...             writes OUTPUT/model, from random weights
#   make.sh longer     CORPUS OUTPUT MODEL OPTIONS...       continues from the folder MODEL
#   make.sh grown      CORPUS OUTPUT MODEL KIND OPTIONS...  continues from it, made wider or deeper by grow.py, or unchanged
# OPTIONS are the program's, at least --steps and --cooldown-steps; --resume continues a stopped run.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
verb=$1 corpus=$2 output=$3
shift 3
folders=(novels books openstax government medical wikinews)
held=(novels/Chesterton_Thursday_1908.txt books/Wells_Time.txt openstax/sociology.txt)

rate=0.01
pretrain() { # pretrain MODEL OPTIONS...; dropout is off while pre-training
    # glibc keeps freed memory for the next step, whose tensors have the same sizes.
    export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=67108864 MALLOC_ARENA_MAX=1
    dotnet run -c Release --project "$here/../.." -- pretrain --model "$1" --tokenizer "$here/spiece.model" \
        --text "${folders[@]/#/$corpus/}" --held-out "${held[@]/#/$corpus/}" --held-out-rows 768 \
        --random-roll --batch 32 --max-source-length 64 --dropout 0 --optimizer adafactor --learning-rate "$rate" --dtype mixed \
        --warmup-steps 200 --evaluate-every 500 --log-every 50 --save-every 250 --model-dtype bfloat16 --output "$output" "${@:2}"
}

case $verb in
vocabulary)
    # The model file records these names; relative ones make it byte-identical everywhere.
    mkdir -p "$output"
    ln -sfn "$(realpath "$corpus")" "$output/text"
    cd "$output"
    files=$(for folder in "${folders[@]}"; do ls text/"$folder"/*.txt; done | grep -vxF "$(printf 'text/%s\n' "${held[@]}")" | paste -sd,)
    spm_train --input="$files" --model_prefix=spiece --model_type=unigram --vocab_size=6044 \
        --character_coverage=0.9999 --max_sentence_length=100000 --normalization_rule_name=nmt_nfkc \
        --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --num_threads=2
    rm text
    ;;
pretrain) pretrain "$here/shape.json" --cooccurrence-embedding "$@" ;;
longer) pretrain "$@" --seed 43 ;; # other spans, in another order
grown)
    rate=0.005
    python3 "$here/grow.py" "$1" "$output/start" "$2"
    pretrain "$output/start" "${@:3}" --seed 44
    ;;
*)
    sed -n '2,7p' "$0" >&2
    exit 2
    ;;
esac
