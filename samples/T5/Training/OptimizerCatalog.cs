using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Training;

/// <summary>The base optimizers a run may name, with the settings that suit T5.</summary>
public static class OptimizerCatalog
{
    private delegate optim.Optimizer Factory(IEnumerable<Parameter> parameters, double learningRate, double weightDecay);

    // Default learning rate, tensors of state for each weight (factored ones count as none), and how to make it.
    private static readonly Dictionary<string, (double LearningRate, int State, Factory Create)> Known = new()
    {
        ["adamw"] = (1e-3, 2, (parameters, lr, decay) => new FusedAdamW(parameters, lr, weightDecay: decay)),
        ["adafactor"] = (1e-3, 0, (parameters, lr, decay) => new Adafactor(parameters, lr, weightDecay: decay)),
        ["adam"] = (1e-3, 2, (parameters, lr, decay) => new FusedAdam(parameters, lr, weightDecay: decay)),
        ["sgd"] = (1e-2, 1, (parameters, lr, decay) => new FusedSGD(parameters, lr, momentum: 0.9, weightDecay: decay)),
        ["rmsprop"] = (1e-3, 1, (parameters, lr, decay) => optim.RMSProp(parameters, lr, weight_decay: decay)),
        ["adagrad"] = (1e-2, 1, (parameters, lr, decay) => optim.Adagrad(parameters, lr, weight_decay: decay)),
    };

    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys];

    public static double DefaultLearningRate(string name) => Find(name).LearningRate;

    /// <summary>How many numbers of state the optimizer keeps for each weight.</summary>
    public static int StatePerWeight(string name) => Find(name).State;

    public static optim.Optimizer Create(string name, IEnumerable<Parameter> parameters, double learningRate, double weightDecay)
        => Find(name).Create(parameters, learningRate, weightDecay);

    /// <exception cref="ArgumentException">There is no such optimizer.</exception>
    public static void RequireKnown(string name) => Find(name);

    private static (double LearningRate, int State, Factory Create) Find(string name)
        => Known.TryGetValue(name, out var found)
            ? found
            : throw new ArgumentException($"Unknown optimizer '{name}'. Known: {string.Join(", ", Known.Keys)}.");
}
