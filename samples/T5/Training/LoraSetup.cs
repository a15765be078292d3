using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>Gives a model the adapters that a run trains.</summary>
public static class LoraSetup
{
    /// <summary>Adds adapters if the options ask for them, with a checkpoint's values or the first ones; a fresh head goes on training
    /// whole.</summary>
    public static void Attach(TrainedModel model, TrainingOptions options, string? checkpoint)
    {
        if (options.LoraRank is not { } rank)
            return;
        using var generator = new Generator((ulong)options.Seed);
        model.Adapters = LoraAdapters.Inject(
            model, model.LoraLayers, rank, options.LoraAlpha ?? (2 * rank), generator: generator, trained: model.FreshHead);
        if (checkpoint is not null)
            LoraFiles.Load(model.Adapters, checkpoint);
    }
}
