using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Pages;

/// <summary>What the snippets that are no whole programs take for granted, see the first lines of USAGE.md: a small problem.</summary>
public abstract class StandIns : IDisposable
{
    private const int Inputs = 10, Rows = 64;

    private readonly DisposeScope _scope = NewDisposeScope();

    protected StandIns()
    {
        (x, y) = (randn(Rows, Inputs), randint(0, 2, Rows));
        (encoder, head) = (nn.Linear(Inputs, 16), nn.Linear(16, 2));
        model = nn.Sequential(("encoder", encoder), ("activation", nn.ReLU()), ("head", head));
        optimizer = baseOptimizer.WithSharpnessAwareness(rho: 0.05);
        parts = [(x[..16], y[..16]), (x[16..], y[16..])];
        tasks = [.. parts.Select(part => (Func<Tensor>)(() => Backward(part.X, part.Y)))];
    }

    protected Tensor x { get; }

    protected Tensor y { get; }

    protected Sequential model { get; }

    protected Linear encoder { get; }

    protected Linear head { get; }

    /// <summary>A new one each time, as its wrapper owns it.</summary>
    protected optim.Optimizer baseOptimizer => new FusedAdamW(model.parameters(), 1e-3);

    protected optim.Optimizer anotherOptimizer => new FusedAdamW(
        [new FusedAdamW.ParamGroup(encoder.parameters()), new FusedAdamW.ParamGroup(head.parameters())], 1e-3);

    protected SharpnessAwareOptimizer optimizer { get; }

    protected IReadOnlyList<(Tensor X, Tensor Y)> parts { get; }

    protected IReadOnlyList<Func<Tensor>> tasks { get; }

    protected int steps { get; } = 100;

    /// <summary>The snippet.</summary>
    public abstract void Run();

    protected static Tensor Loss(Tensor prediction, Tensor y) => nn.functional.cross_entropy(prediction, y);

    /// <summary>As the page writes it out once.</summary>
    protected Tensor Backward(Tensor x, Tensor y)
    {
        using var prediction = model.call(x);
        var loss = Loss(prediction, y);
        loss.backward();
        return loss;
    }

    protected void Evaluate(Sequential model) => model.call(x).Dispose();

    public void Dispose()
    {
        optimizer.Dispose();
        model.Dispose();
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }
}
