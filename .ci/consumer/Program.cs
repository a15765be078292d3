using SamSharp;
using SamSharp.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

manual_seed(1);
var x = randn(64, 8);
var y = x.sum(1, keepdim: true).tanh();
foreach (var makeBase in new Func<IEnumerable<TorchSharp.Modules.Parameter>, optim.Optimizer>[] { p => optim.AdamW(p, lr: 1e-2), p => new Adafactor(p, lr: 1e-2) })
{
    using var model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1));
    using var optimizer = new SharpnessAwareOptimizer(makeBase(model.parameters()), rho: 0.05);
    double first = 0, last = 0;
    for (var step = 0; step < 40; step++)
    {
        using var scope = NewDisposeScope();
        last = optimizer.Step(() =>
        {
            var loss = nn.functional.mse_loss(model.forward(x), y);
            loss.backward();
            return loss;
        }).ToDouble();
        if (step == 0) first = last;
    }
    Console.WriteLine($"{optimizer.BaseOptimizer.GetType().Name}: loss {first:F4} -> {last:F4}");
    if (!(last < first / 2))
    {
        Console.Error.WriteLine("The loss did not go down.");
        return 1;
    }
}
return 0;
