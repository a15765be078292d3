using System.Text.Json;
using System.Text.Json.Serialization;
using SamSharp.Distributed;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Steps;

namespace SamSharp.Samples.T5.Training;

/// <summary>The processes that train together, each on its shard of every batch; or this process alone.</summary>
internal sealed class Team
{
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly ProcessGroup? _group;
    private double _weight;

    /// <exception cref="ArgumentException">Some process would have no row.</exception>
    public Team(ProcessGroup? group, TrainingOptions options)
    {
        _group = group is { Size: > 1 } ? group : null;
        if (options.BatchSize < Size)
            throw new ArgumentException($"A batch of {options.BatchSize} rows has none for some of {Size} processes: take a larger one.");
    }

    public bool IsAlone => _group is null;

    /// <summary>Whether this process writes what all have in common.</summary>
    public bool IsFirst => _group?.IsFirst ?? true;

    /// <summary>The processes; null: this one alone.</summary>
    public ProcessGroup? Group => _group;

    private int Size => _group?.Size ?? 1;

    private int Rank => _group?.Rank ?? 0;

    /// <summary>How gradients are averaged; null for a process alone.</summary>
    public IGradientExchange? Exchange(TrainedModel model) => _group?.Gradients(() => _weight, model: model);

    /// <summary>Gives every process the weights of the first.</summary>
    public void Broadcast(TrainedModel model) => _group?.Broadcast(model);

    /// <summary>What a step's random numbers are drawn with: another number in each process.</summary>
    public long Draw(int step) => ((long)step * Size) + Rank;

    /// <summary>The rows of a batch that this process computes.</summary>
    public IReadOnlyList<EncodedExample> Shard(IReadOnlyList<EncodedExample> batch)
    {
        var (from, to) = (batch.Count * Rank / Size, batch.Count * (Rank + 1) / Size);
        return IsAlone ? batch : [.. batch.Skip(from).Take(to - from)];
    }

    /// <summary>Lets the shard's gradient count by its label ids, over which its loss is a mean.</summary>
    public void Weigh(Batch shard)
    {
        if (!IsAlone)
            _weight = shard.LabelCount;
    }

    /// <summary>Whether any process was told to stop: all stop after the same step.</summary>
    public bool IsCancelled(CancellationToken cancellation) =>
        _group is null ? cancellation.IsCancellationRequested : _group.Sum(cancellation.IsCancellationRequested ? 1 : 0)[0] > 0;

    /// <summary>What the first process measures, for all.</summary>
    public IReadOnlyDictionary<string, double> Evaluate(Func<IReadOnlyDictionary<string, double>> evaluate)
    {
        if (_group is null)
            return evaluate();
        var text = _group.Share(IsFirst ? JsonSerializer.Serialize(evaluate(), Json) : "");
        return JsonSerializer.Deserialize<Dictionary<string, double>>(text, Json)!;
    }
}
