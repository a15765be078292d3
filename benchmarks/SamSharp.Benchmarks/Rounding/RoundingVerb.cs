using System.Globalization;
using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Rounding;

/// <summary>What rounding to bfloat16 leaves of perturbations, and of the training of a small language model.</summary>
internal static class RoundingVerb
{
    private const int Steps = 1000, Elements = 1 << 20;

    /// <returns>0; null for arguments other than a number of steps.</returns>
    public static int? Run(string[] arguments)
    {
        var steps = Steps;
        if (arguments.Length > 1 || (arguments.Length == 1 && !(int.TryParse(arguments[0], out steps) && steps > 0))) return null;
        set_num_threads(1); // of no use to a model this small
        Perturbations();
        Console.WriteLine();
        Training(steps);
        return 0;
    }

    /// <summary>One ascent along a normal gradient from normal weights of standard deviation 0.05.</summary>
    private static void Perturbations()
    {
        Print($"One perturbation of {Elements:N0} bfloat16 weights of deviation 0.05; |e|: what was added; along: its part along the gradient");
        Print($"{"rho",6} {"",-12} {"weights moved",14} {"|e| / rho",10} {"along / rho",12}");
        foreach (var rho in new[] { 0.01, 0.02, 0.05, 0.1, 0.2, 0.5 })
        {
            foreach (var atRandom in new[] { false, true })
            {
                using var scope = NewDisposeScope();
                random.manual_seed(1);
                var weight = new Parameter(randn(Elements).Times(0.05).to(ScalarType.BFloat16));
                var gradient = randn(Elements).to(ScalarType.BFloat16);
                using var optimizer = new FusedSGD([weight], 0).WithSharpnessAwareness(
                    new SharpnessAwareOptions { Rho = rho, StochasticRounding = atRandom });
                var before = weight.detach().to(ScalarType.Float32);
                weight.grad = gradient;
                optimizer.Ascend();
                var e = weight.detach().to(ScalarType.Float32).sub(before);
                optimizer.Restore();
                var (wide, length) = (gradient.to(ScalarType.Float32), e.norm().ReadDouble());
                var along = e.mul(wide).sum().div(wide.norm()).ReadDouble();
                var moved = e.IsEqualTo(0).logical_not().to(ScalarType.Float32).mean().ReadDouble();
                Print($"{rho,6} {(atRandom ? "at random" : "to nearest"),-12} {moved,14:P1} {length / rho,10:0.000} {along / rho,12:0.000}");
            }
        }
    }

    private static void Training(int steps)
    {
        Print($"A language model of bytes after {steps:N0} steps of SAM (rho 0.05) with FusedAdamW, lr 3e-4: mean loss of the last tenth; memory in");
        Print($"bytes a weight: weights and gradients, the optimizer's state, masters, the buffer of the perturbation");
        Print($"{"",-34} {"loss",8} {"weights",8} {"state",6} {"masters",8} {"buffer",7} {"sum",6}");
        Row("float32", ScalarType.Float32, false, false, steps);
        Row("bfloat16, to nearest", ScalarType.BFloat16, false, false, steps);
        Row("bfloat16, at random", ScalarType.BFloat16, true, false, steps);
        Row("bfloat16, masters", ScalarType.BFloat16, false, true, steps);
        Row("bfloat16, masters, e at random", ScalarType.BFloat16, true, true, steps);
    }

    private static void Row(string name, ScalarType type, bool atRandom, bool masters, int steps)
    {
        using var model = new ByteModel(type);
        var text = new ByteText();
        var baseOptimizer = new FusedAdamW(model.parameters(), 3e-4) { StochasticRounding = atRandom, MasterWeights = masters };
        using var optimizer = baseOptimizer.WithSharpnessAwareness(new SharpnessAwareOptions { StochasticRounding = atRandom });
        var last = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var (context, next) = text.Batch(step);
            var loss = optimizer.Step(() =>
            {
                var loss = model.Loss(context, next);
                loss.backward();
                return loss;
            });
            if (step >= steps - Math.Max(1, steps / 10)) last.Add(loss.ReadDouble());
        }

        double weights = 0, state = 0, kept = 0, buffer = 0, count = 0;
        foreach (var (slot, own) in optimizer.Parameters.Zip(baseOptimizer.state_dict().State.Cast<ParameterState>()))
        {
            count += slot.Parameter.NumberOfElements;
            weights += 2 * BytesOf(slot.Parameter);
            state += own.Names.Sum(tensor => BytesOf(own[tensor]));
            kept += BytesOf(own.Master);
            buffer += BytesOf(slot.Buffer);
        }
        var sum = weights + state + kept + buffer;
        (weights, state, kept, buffer, sum) = (weights / count, state / count, kept / count, buffer / count, sum / count);
        Print($"{name,-34} {last.Average(),8:0.0000} {weights,8:0.0} {state,6:0.0} {kept,8:0.0} {buffer,7:0.0} {sum,6:0.0}");
    }

    private static double BytesOf(Tensor? tensor) => tensor is null ? 0 : tensor.NumberOfElements * tensor.ElementSize;

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
