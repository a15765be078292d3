using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>The base optimizers that a run can choose, with settings that suit T5.</summary>
public static class OptimizerCatalog
{
    private delegate optim.Optimizer Factory(IEnumerable<IEnumerable<Parameter>> groups, double learningRate, double weightDecay);

    // Default learning rate, state tensors per weight (factored ones count as 0), and factory.
    private static readonly Dictionary<string, (double LearningRate, int State, Factory Create)> Known = new()
    {
        ["adamw"] = (1e-3, 2, (all, lr, decay) => new FusedAdamW(all.Select(part => new FusedAdamW.ParamGroup(part)), lr, weightDecay: decay)),
        ["adafactor"] = (1e-3, 0, (all, lr, decay) => new Adafactor(all.Select(part => new Adafactor.ParamGroup(part)), lr, weightDecay: decay)),
        ["adam"] = (1e-3, 2, (all, lr, decay) => new FusedAdam(all.Select(part => new FusedAdam.ParamGroup(part)), lr, weightDecay: decay)),
        ["sgd"] = (1e-2, 1, (all, lr, decay) =>
            new FusedSGD(all.Select(part => new FusedSGD.ParamGroup(part)), lr, momentum: 0.9, weightDecay: decay)),
        ["rmsprop"] = (1e-3, 1, (all, lr, decay) => optim.RMSProp(all.Select(part => new RMSProp.ParamGroup(part)), lr, weight_decay: decay)),
        ["adagrad"] = (1e-2, 1, (all, lr, decay) => optim.Adagrad(all.Select(part => new Adagrad.ParamGroup(part)), lr, weight_decay: decay)),
    };

    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys];

    public static double DefaultLearningRate(string name) => Find(name).LearningRate;

    /// <summary>Number of state values that the optimizer keeps per weight.</summary>
    public static int StatePerWeight(string name) => Find(name).State;

    /// <param name="groups">The parameters, a param group for each list.</param>
    public static optim.Optimizer Create(string name, IEnumerable<IEnumerable<Parameter>> groups, double learningRate, double weightDecay)
        => Find(name).Create(groups, learningRate, weightDecay);

    /// <exception cref="ArgumentException">There is no such optimizer.</exception>
    public static void RequireKnown(string name) => Find(name);

    private static (double LearningRate, int State, Factory Create) Find(string name)
        => Known.TryGetValue(name, out var found)
            ? found
            : throw new ArgumentException($"Unknown optimizer '{name}'. Known: {string.Join(", ", Known.Keys)}.");
}
