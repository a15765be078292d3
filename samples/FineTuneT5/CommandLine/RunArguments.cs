using System.CommandLine;
using SamSharp.Samples.FineTuneT5.Setup;
using static SamSharp.Samples.FineTuneT5.CommandLine.OptionFactory;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>The options that say where a run computes and where its files go.</summary>
internal sealed class RunArguments
{
    private readonly Option<string?> _output = Optional("--output", "folder", "Where metrics.jsonl, tensorboard/, checkpoints/ and model/ go [runs/<task>-<time>]");

    public Option<string> Device { get; } = Choice("--device", "Where to train", "cpu", "cuda");

    public Option<string> DType { get; } = Choice("--dtype", "Type of weights and activations; mixed: float32 weights, bfloat16 activations", NumberTypes.Full, NumberTypes.Half, NumberTypes.Mixed);

    public Option<int> SaveEvery { get; } = Number("--save-every", "steps", 0, "Save a checkpoint; 0 at the end only");

    public Option<int> Keep { get; } = Number("--keep", "count", 2, "Checkpoints to keep");

    public Option<bool> Resume { get; } = Flag("--resume", "Go on from the newest checkpoint in --output; with none there, start");

    public IEnumerable<Option> All => [SaveEvery, Keep, .. Common];

    /// <summary>Those that a comparison has too.</summary>
    public IEnumerable<Option> Common => [Device, DType, _output, Resume];

    /// <summary>The folder that is asked for, or a new one named after the task and the time.</summary>
    public string Output(ParseResult result, string task)
    {
        var output = result.GetValue(_output);
        if (output is null && result.GetValue(Resume))
            throw new ArgumentException("--resume needs --output: the folder of the run to go on with.");
        return output ?? Path.Combine("runs", $"{task}-{DateTime.Now:yyyyMMdd-HHmmss}");
    }
}
