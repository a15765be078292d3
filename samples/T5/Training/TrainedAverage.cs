using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>The average of a run's last weights, which becomes the trained model.</summary>
/// <param name="average">The average.</param>
/// <param name="begin">The number of steps before the first one whose weights count.</param>
public sealed class TrainedAverage(WeightAverage average, int begin) : IDisposable
{
    private const string FileName = "average.safetensors";

    /// <summary>The run's average; null if it has none.</summary>
    internal static TrainedAverage? Of(TrainedModel model, TrainingOptions options) => options.AverageFrom is { } share
        ? new(WeightAverage.Uniform(model), Math.Min(options.Steps - 1, (int)Math.Round(share * options.Steps)))
        : null;

    /// <summary>Counts the weights after that many steps in, if they are among the last.</summary>
    public void Add(int step)
    {
        if (step > begin) average.Update();
    }

    /// <summary>Puts the average in place of the weights until the result is disposed; before there is one it does nothing.</summary>
    public IDisposable? SwapIn() => average.Count > 0 ? average.SwapIn() : null;

    /// <summary>Makes the average the model's weights for good, at the end of the run.</summary>
    public void Apply()
    {
        if (average.Count > 0) average.Apply();
    }

    public void Dispose() => average.Dispose();

    internal void Save(string folder)
    {
        using var scope = NewDisposeScope();
        SafetensorsFile.Save(Path.Combine(folder, FileName), average.StateDictionary().Select(item => (item.Key, item.Value)),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <exception cref="InvalidDataException">The file does not fit the model.</exception>
    internal void Load(string folder, int step)
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(folder, FileName);
        try
        {
            average.Load(SafetensorsFile.ReadAll(path), Math.Max(0, step - begin));
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{path} does not fit the model: {error.Message}", error);
        }
    }
}
