using SamSharp;
using static TorchSharp.torch;

// Trains a small network to classify two spirals with sharpness-aware minimization (SAM) and AdamW.
random.manual_seed(1);
var (points, labels) = Spirals(200);

using var model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2));
using var optimizer = optim.AdamW(model.parameters(), lr: 0.01).WithSharpnessAwareness(rho: 0.05);

for (var step = 1; step <= 300; step++)
{
    using var scope = NewDisposeScope();   // frees the tensors of this step
    var loss = optimizer.Step(() =>        // called twice: at the weights, and at the worst point near them
    {
        var loss = nn.functional.cross_entropy(model.call(points), labels);
        loss.backward();
        return loss;
    });
    if (step == 1 || step % 50 == 0)
        Console.WriteLine($"step {step,3}: loss {loss.item<float>():F4}, at the worst point nearby {optimizer.LastStep.PerturbedLoss:F4}");
}

// Two spirals, half a turn apart: points of shape [count, 2], and the spiral of each.
static (Tensor Points, Tensor Labels) Spirals(int count)
{
    var (points, labels) = (new float[count, 2], new long[count]);
    for (var i = 0; i < count; i++)
    {
        labels[i] = i % 2;
        var radius = (float)i / count;
        var angle = (6 * radius) + (MathF.PI * labels[i]);
        (points[i, 0], points[i, 1]) = (radius * MathF.Cos(angle), radius * MathF.Sin(angle));
    }
    return (tensor(points), tensor(labels));
}
