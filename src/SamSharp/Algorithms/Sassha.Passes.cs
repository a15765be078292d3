using SamSharp.Analysis;
using SamSharp.Kernels;
using SamSharp.Optimizers;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>Passes, estimates and the update.</content>
public sealed partial class Sassha
{
    private const double NormFloor = 1e-12;

    private Options OptionsOf(int group) => (Options)_parameter_groups[group].Options;

    private Tensor Differentiate(Func<Tensor> closure, string pass, bool again)
    {
        var loss = _passes.Table.Evaluate(closure);
        try
        {
            if (_passes.Table.ReadGradients(perturbed: false))
                throw new InvalidOperationException(
                    "The closure called backward() itself. SASSHA differentiates the loss twice and must call it: return only the loss.");
            ScalarLoss.RequireGraph(loss);
            ClosureErrors.Explain(() =>
            {
                loss.backward(retain_graph: again);
                return loss;
            });
            _passes.Table.RequireGradients(pass, perturbed: false);
            return loss;
        }
        catch
        {
            loss.Dispose();
            throw;
        }
    }

    /// <summary>SAM's ascent, with one norm over all groups.</summary>
    private void Climb()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (kernels, buckets) = (KernelSets.Default, _passes.Lists);
        var norm = kernels.Norm(buckets.Select(list => kernels.Norm(list.AtWeights).to(ScalarType.Float64, buckets[0].Device)).ToArray());
        _passes.Weights.Move(buckets, () =>
        {
            foreach (var list in buckets)
            {
                var scale = kernels.Scale(norm, OptionsOf(list.Group).Rho!.Value, NormFloor).to(list.Accumulator, list.Device);
                kernels.Perturb(list.Weights, list.Results, list.AtWeights, scale);
            }
        });
    }

    /// <summary>|z (H z)| of each parameter with a gradient, at the present weights.</summary>
    private void Estimate(Tensor loss, long number, SlotTensors diagonals)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var slots = _passes.Lists.SelectMany(list => list.Parameters).ToArray();
        var signs = Array.ConvertAll(slots, slot => _noise.Sample(slot, number, 0));
        var products = Diagonals is null ? Differentiation.HessianProduct(loss, Array.ConvertAll(slots, Tensor (slot) => slot.Parameter), signs) : [];
        for (var i = 0; i < slots.Length; i++)
        {
            var diagonal = Diagonals?.Invoke(number, slots[i]) ?? products[i].mul(signs[i]).abs();
            diagonals.Put(slots[i], diagonal.to(StateOf(slots[i].Parameter).Precision, copy: true));
        }
    }

    private void Update(double power, SlotTensors diagonals, Tensor[] losses)
    {
        var gradients = _passes.Lists.SelectMany(list => list.AtWeights);
        if (SkippedLastStep = !PerturbedPasses.AreFinite([.. gradients, .. diagonals.ByIndex.Values, .. losses])) return;
        using var noGradient = no_grad();
        foreach (var list in _passes.Lists)
        {
            for (var i = 0; i < list.Parameters.Count; i++)
            {
                var (slot, gradient) = (list.Parameters[i], list.AtWeights[i]);
                var diagonal = diagonals.Find(slot);
                if (diagonal is null && StateOf(slot.Parameter).At(2) is null) continue;
                using var scope = NewDisposeScope();
                Update(OptionsOf(slot.Group), BeginStep(slot.Parameter, OptionsOf(slot.Group)), slot.Parameter, gradient, diagonal, power);
            }
        }
    }

    [InDisposeScope]
    private static void Update(Options options, ParameterState state, Tensor w, Tensor gradient, Tensor? diagonal, double power)
    {
        var (beta1, beta2, lr) = (options.Beta1!.Value, options.Beta2!.Value, options.LearningRate!.Value);
        var (m, d) = (state.At(0)!, state.At(1)!);
        if (diagonal is not null)
        {
            d.MultiplyBy(beta2).IncreaseBy(diagonal, 1 - beta2);
            state.Make(2).Fill(Math.Pow(1 - Math.Pow(beta2, state.Attempts), power));
        }
        m.MultiplyBy(beta1).IncreaseBy(gradient, 1 - beta1);
        var curvature = d.Power(power).div(state.At(2)!).Plus(options.Epsilon!.Value);
        var rate = lr / (1 - Math.Pow(beta1, state.Attempts));
        w.copy_(w.Times(1 - (lr * options.WeightDecay!.Value)).sub(m.div(curvature).Times(rate)));
    }
}
