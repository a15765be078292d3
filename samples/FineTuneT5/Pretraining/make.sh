#!/usr/bin/env bash
# Makes the vocabulary of this folder anew, and pre-trains a model with it. README.md says on what, and what came of it.
#   make.sh vocabulary CORPUS OUTPUT                                           writes OUTPUT/spiece.model, with SentencePiece's spm_train
#   make.sh pretrain   CORPUS OUTPUT STEPS COOLDOWN [more options, such as --resume]   writes OUTPUT/model
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
verb=$1 corpus=$2 output=$3
folders=(novels books openstax government medical wikinews)
held=(novels/Chesterton_Thursday_1908.txt books/Wells_Time.txt openstax/sociology.txt)

case $verb in
vocabulary)
    # The model file records the names it was made with: relative ones make it the same bytes everywhere.
    mkdir -p "$output"
    ln -sfn "$(realpath "$corpus")" "$output/text"
    cd "$output"
    files=$(for folder in "${folders[@]}"; do ls text/"$folder"/*.txt; done | grep -vxF "$(printf 'text/%s\n' "${held[@]}")" | paste -sd,)
    spm_train --input="$files" --model_prefix=spiece --model_type=unigram --vocab_size=6044 \
        --character_coverage=0.9999 --max_sentence_length=100000 --normalization_rule_name=nmt_nfkc \
        --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --num_threads=2
    rm text
    ;;
pretrain)
    dotnet run -c Release --project "$here/.." -- pretrain --model "$here/shape.json" --tokenizer "$here/model/spiece.model" \
        --text "${folders[@]/#/$corpus/}" --held-out "${held[@]/#/$corpus/}" --held-out-rows 768 \
        --cooccurrence-embedding --random-roll --batch 32 --max-source-length 64 --optimizer adafactor --learning-rate 0.01 --dtype mixed \
        --warmup-steps 200 --steps "$4" --cooldown-steps "$5" --evaluate-every 500 --log-every 50 --save-every 250 --model-dtype bfloat16 \
        --output "$output" "${@:6}"
    # Dropout is off while pre-training and on while fine-tuning.
    sed -i 's/"dropout_rate": 0\(\.0\)\?,/"dropout_rate": 0.1,/' "$output/model/config.json"
    ;;
*)
    sed -n '2,4p' "$0" >&2
    exit 2
    ;;
esac
