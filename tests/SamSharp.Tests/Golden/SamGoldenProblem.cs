using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Golden;

/// <summary>The little network of the golden runs: fc2(tanh(LayerNorm(fc1(x)))), with a parameter that takes no part; or the parameters of a run
/// that has a model of its own.</summary>
[InDisposeScope]
internal sealed class SamGoldenProblem : nn.Module
{
    private readonly double _eps;
    private readonly Tensor _x, _y;
    private readonly Tensor[] _labels;

    /// <summary>Parameters and batches of a run.</summary>
    /// <param name="set">The folder of the run.</param>
    /// <param name="dtype">The type of the parameters.</param>
    /// <param name="withUnusedParameter">Whether there is a parameter that takes no part.</param>
    /// <param name="first">The first weights of the run; they tell which parameters there are.</param>
    public SamGoldenProblem(GoldenSet set, ScalarType dtype, bool withUnusedParameter, IReadOnlyDictionary<string, Tensor> first)
        : base(nameof(SamGoldenProblem))
    {
        var given = Safetensors.ReadAll(GoldenFolder.At(set.Folder, "problem.safetensors"));
        var model = set.Model;
        _eps = model.GetProperty("layer_norm_eps").GetDouble();
        _x = given["x"].to(dtype);
        _y = given["y"];
        _labels = [_y, .. given.Where(entry => entry.Key.Length > 1 && entry.Key[0] == 'y').OrderBy(entry => entry.Key).Select(entry => entry.Value)];
        var names = model.GetProperty("parameter_order").EnumerateArray().Select(n => n.GetString()!)
            .Where(name => withUnusedParameter || !name.StartsWith("extra", StringComparison.Ordinal)).ToArray();
        var isOwn = first.Count > 0 && !first.Keys.ToHashSet().SetEquals(names);
        foreach (var name in isOwn ? [.. first.Keys] : names)
            Parameters[name] = new Parameter((isOwn ? first[name] : given[$"init.{name}"]).to(dtype).clone());
    }

    public Dictionary<string, Parameter> Parameters { get; } = [];

    public int Steps => (int)_x.shape[0];

    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
        Parameters.Select(p => (p.Key, p.Value));

    /// <summary>The loss of a step's batch, after backward().</summary>
    public Tensor Backward(int step)
    {
        var loss = Loss(step);
        loss.backward();
        return loss;
    }

    /// <summary>The loss of one of a batch's equal parts, after backward().</summary>
    public Tensor BackwardPart(int step, int part, int parts)
    {
        var loss = Loss(_x[step].chunk(parts)[part], _y[step].chunk(parts)[part]);
        loss.backward();
        return loss;
    }

    public Tensor Loss(int step) => Loss(_x[step], _y[step]);

    /// <summary>The loss of a step's batch for one of several tasks, from 0, after backward(); each has a head and labels of its own.</summary>
    public Tensor BackwardTask(int step, int task)
    {
        using var scope = NewDisposeScope();
        var loss = nn.functional.cross_entropy(Logits(_x[step], head: $"task_{task + 1}"), _labels[task][step]);
        loss.backward();
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The loss of one sample: the rows of all batches one after the other.</summary>
    public Tensor LossOfSample(int sample) => Loss(_x.reshape(-1, _x.shape[^1])[sample].unsqueeze(0), _y.reshape(-1)[sample].unsqueeze(0));

    public Tensor Loss(Tensor x, Tensor y) => nn.functional.cross_entropy(Logits(x), y);

    /// <summary>The loss of each sample of a step's batch, or of the given ones.</summary>
    public Tensor SampleLosses(int step, Tensor? rows) => nn.functional.cross_entropy(
        Logits(rows is null ? _x[step] : _x[step].index_select(0, rows)),
        rows is null ? _y[step] : _y[step].index_select(0, rows),
        reduction: nn.Reduction.None);

    /// <summary>The loss of some samples of a step's batch, after backward().</summary>
    public Tensor BackwardRows(int step, Tensor rows)
    {
        var loss = Loss(_x[step].index_select(0, rows), _y[step].index_select(0, rows));
        loss.backward();
        return loss;
    }

    public Tensor Logits(int step) => Logits(_x[step]);

    public Tensor Inputs(int step) => _x[step];

    public Tensor Labels(int step) => _y[step];

    /// <summary>The outputs for some inputs.</summary>
    /// <param name="x">The inputs.</param>
    /// <param name="trunk">What the names of all layers but the last begin with.</param>
    /// <param name="head">The name of the last layer.</param>
    public Tensor Logits(Tensor x, string trunk = "", string head = "fc2")
    {
        using var scope = NewDisposeScope();
        Parameter Of(string name) => Parameters[name];
        var hidden = nn.functional.linear(x, Of($"{trunk}fc1.weight"), Of($"{trunk}fc1.bias"));
        var normalized = nn.functional.layer_norm(hidden, [hidden.shape[^1]], Of($"{trunk}norm.weight"), Of($"{trunk}norm.bias"), _eps);
        return nn.functional.linear(normalized.tanh(), Of($"{head}.weight"), Of($"{head}.bias")).MoveToOuterDisposeScope();
    }
}
