using System.Text.Json;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Training;

/// <summary>The part of a checkpoint other than weights, optimizer and metrics: <c>training.json</c>.</summary>
/// <param name="Step">Completed steps, which also determine the position in the data, the schedule and the random draws.</param>
/// <param name="Rows">A fingerprint of the training rows.</param>
/// <param name="PendingLosses">Losses not yet reported.</param>
public sealed record TrainingState(int Step, TrainingOptions Options, string Rows, IReadOnlyList<float> PendingLosses)
{
    private const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private static readonly JsonSerializerOptions Strictly = JsonText.Strictly(Json);

    /// <summary>Version of the file's format.</summary>
    public int Format { get; init; } = CurrentFormat;

    public void Save(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Json));

    public static TrainingState Load(string path)
    {
        var state = JsonText.ReadObject<TrainingState>(path, Strictly);
        try
        {
            state.Options.Validate();
        }
        catch (ArgumentException error)
        {
            throw new FilePlace(path, Key: "'Options'").Model(FilePlace.Excerpt(error.Message, 200), error);
        }
        if (state.Step < 0)
            throw new FilePlace(path, Key: "'Step'").Model($"is {state.Step}, before the first step.");
        if (state.Format != CurrentFormat)
            throw new InvalidDataException(
                $"{path} has format {state.Format}, this program reads {CurrentFormat}: start the run again in another folder.");
        return state;
    }

    /// <summary>
    /// Refuses to resume with options or rows other than the original ones. Only the end of the run may change, and only if every
    /// completed step keeps its learning rate: a run can be lengthened, or its cool-down started.
    /// </summary>
    /// <exception cref="ArgumentException">Names the first difference and both values.</exception>
    public void RequireSame(TrainingOptions options, string rows)
    {
        var mayEndElsewhere = EndsElsewhere(options);
        var difference = typeof(TrainingOptions).GetProperties()
            .Where(property => !(mayEndElsewhere && property.Name is nameof(options.Steps) or nameof(options.CooldownSteps)))
            .FirstOrDefault(property => !Equals(property.GetValue(Options), property.GetValue(options)));
        if (difference is not null)
        {
            throw new ArgumentException(
                $"Cannot resume: {difference.Name} is {difference.GetValue(options) ?? "unset"}, the checkpoint has " +
                $"{difference.GetValue(Options) ?? "unset"}. Repeat the run's own arguments, or start another run in another folder.");
        }
        if (rows != Rows)
            throw new ArgumentException("Cannot resume: the training rows differ from the checkpoint's. Use the run's own data, or " +
                "start another run in another folder.");
    }

    private bool EndsElsewhere(TrainingOptions options)
    {
        var (begun, asked) = (LearningRateSchedule.Of(Options), LearningRateSchedule.Of(options));
        return options.Steps >= Step && Options.AverageFrom is null && Enumerable.Range(0, Step).All(step => begun.At(step) == asked.At(step));
    }
}
