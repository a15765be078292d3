using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// The keys of a <c>config.json</c> that are not read: those that change nothing of what is computed here, and all others, which are refused, as
/// nobody knows what they would change.
/// </summary>
internal static class T5ConfigKeys
{
    private static readonly HashSet<string> Honored =
    [
        "model_type", "feed_forward_proj", "num_layers", "vocab_size", "d_model", "d_kv", "num_heads", "d_ff", "num_decoder_layers",
        "relative_attention_num_buckets", "relative_attention_max_distance", "dense_act_fn", "is_gated_act", "tie_word_embeddings",
        "scale_decoder_outputs", "dropout_rate", "layer_norm_epsilon", "initializer_factor", "pad_token_id", "eos_token_id",
        "decoder_start_token_id",
    ];

    // Where a model comes from, how it is trained or asked to generate elsewhere, and what its heads other than T5's would need.
    private static readonly HashSet<string> WithoutEffect =
    [
        "architectures", "transformers_version", "torch_dtype", "dtype", "use_cache", "output_past", "n_positions", "task_specific_params",
        "name_or_path", "tokenizer_class", "finetuning_task", "problem_type", "id2label", "label2id", "num_labels", "classifier_dropout",
        "gradient_checkpointing", "torchscript", "use_bfloat16", "tf_legacy_loss", "return_dict", "output_attentions", "output_hidden_states",
        "output_scores", "return_dict_in_generate", "attn_implementation", "bos_token_id", "sep_token_id", "prefix", "max_length", "min_length",
        "max_new_tokens", "min_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature",
        "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
        "bad_words_ids", "num_return_sequences", "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens",
        "remove_invalid_values", "exponential_decay_length_penalty", "chunk_size_feed_forward", "cross_attention_hidden_size",
    ];

    // What a T5 has anyway.
    private static readonly Dictionary<string, string> Fixed = new()
    {
        ["is_encoder_decoder"] = "true",
        ["is_decoder"] = "false",
        ["add_cross_attention"] = "false",
        ["tie_encoder_decoder"] = "false",
        ["pruned_heads"] = "{}",
    };

    /// <exception cref="InvalidDataException">A key comes twice, is unknown, or has a value that is not supported.</exception>
    public static void Check(JsonField config)
    {
        var seen = new HashSet<string>();
        foreach (var (name, value) in config.Members())
        {
            if (!seen.Add(name))
                throw value.Refused("comes twice.");
            if (value.Kind == System.Text.Json.JsonValueKind.Null || name.StartsWith('_') || Honored.Contains(name) || WithoutEffect.Contains(name))
                continue;
            if (!Fixed.TryGetValue(name, out var only))
            {
                throw value.Refused("is unknown here, and may change what the model computes. If it does not, remove it; a model that needs it is " +
                    "not supported.");
            }
            if (value.Json() != only)
                throw value.Refused($"is {FilePlace.Excerpt(value.Json())}, and only {only} is supported.");
        }
    }
}
