using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Other neighborhoods, and fewer parameters.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Geometry => new()
    {
        ["kozistr/pytorch_optimizer: SAM"] = run =>
            run.Drive(run.Is("use_gc") ? Recipe.CentralizedSam(run.Number("rho")) : Recipe.Sam(run.Number("rho"))),
        ["mueller-mp/SAM-ON: SAM_ON"] = NormalizationOnly,
        ["mueller-mp/SAM-ON: ASAM_ON"] = NormalizationOnly,
        ["Mi-Peng/Sparse-Sharpness-Aware-Minimization: SSAMF"] = SampleFisher,
        ["Mi-Peng/Sparse-Sharpness-Aware-Minimization: SSAMD"] = Dynamic,
        ["WHU-ZQH/FSAM4PLM: ESAM_Mask (beta 1, gamma 1)"] = FisherMasked,
    };

    private static void NormalizationOnly(GoldenRun run)
    {
        Func<ParameterSlot, bool> adapts = run.Is("normalize_bias") ? _ => true : AdaptiveGeometry.NamedWeights;
        IGeometry geometry = !run.Has("eta") ? new EuclideanGeometry(1e-16)
            : run.Is("layerwise") ? new LayerScaledGeometry(run.Number("eta"), adapts)
            : run.Has("p") ? new MaximumGeometry(run.Number("eta"), adapts)
            : new AdaptiveGeometry(run.Number("eta"), adapts, 1e-16);
        run.Drive(new SharpnessAwareOptions
        {
            Rho = run.Number("rho"),
            Geometry = run.Is("only_norm") ? new SelectedGeometry(geometry, NormalizationLayers.Named)
                : run.Is("no_norm") ? new SelectedGeometry(geometry, slot => !NormalizationLayers.Named(slot))
                : geometry,
        });
    }

    /// <summary>Steps with the masks that the peer used.</summary>
    private static void Sparse(GoldenRun run, GivenMask mask, Action<int, SharpnessAwareOptimizer>? afterStep = null)
    {
        using var optimizer = run.Wrap(
            new SharpnessAwareOptions { Rho = run.Number("rho"), Geometry = new MaskedGeometry(new EuclideanGeometry(1e-7), mask) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            optimizer.Step(() => run.Problem.Backward(t)).Dispose();
            run.WeightsNear(t);
            afterStep?.Invoke(t, optimizer);
        }
    }

    /// <summary>Steps from one mask to the next: the driver says how many an epoch has, the settings how many epochs.</summary>
    private static int RefreshEvery(GoldenRun run) => run.Whole("update_freq") * int.Parse(
        System.Text.RegularExpressions.Regex.Match(run.Entry.GetProperty("driver").GetString()!, @"epoch=t//(\d+)").Groups[1].Value,
        System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The trajectory under the peer's masks; then its masks from ours, which are made at the end of the first step of an epoch, of the
    /// first samples. The peer leaves the batch's own perturbed gradient in the first of them, so that is added.</summary>
    private static void SampleFisher(GoldenRun run) => Sparse(run, new GivenMask(run), (t, optimizer) =>
    {
        if (t % RefreshEvery(run) != 0) return;
        using var scope = NewDisposeScope();
        using var scores = new SlotTensors();
        var left = optimizer.Parameters.ToDictionary(slot => slot, slot => slot.Parameter.grad!.clone());
        for (var sample = 0; sample < run.Whole("num_samples"); sample++)
        {
            optimizer.zero_grad();
            run.Problem.LossOfSample(sample).backward();
            using var noGradient = no_grad();
            foreach (var slot in optimizer.Parameters)
            {
                var gradient = sample == 0 ? slot.Parameter.grad!.Plus(left[slot]) : slot.Parameter.grad!;
                scores.Of([slot])[0].IncreaseByProduct(gradient, gradient, 1);
            }
        }
        optimizer.zero_grad();
        using var marked = run.Wrap(Recipe.SparseSam(run.Number("sparsity")));
        marked.Memory.Parts.OfType<SampleFisherMask>().Single().Mark(marked, scores);
        foreach (var slot in marked.Parameters) run.Near($"mask_in_force.{run.NameOf(slot)}", t + 1, MaskOf(marked, slot));
    });

    private static void Dynamic(GoldenRun run)
    {
        var given = new GivenMask(run);
        var mask = new DynamicMask(run.Whole("T_end") - run.Whole("T_start"), RefreshEvery(run), run.Number("sparsity"), run.Number("drop_rate"),
            Enum.Parse<MaskScore>(run.Settings.GetProperty("drop_strategy").GetString()!, true),
            Enum.Parse<MaskScore>(run.Settings.GetProperty("growth_strategy").GetString()!, true),
            Initial: slot => given.At(slot, 0).clone());
        using var optimizer = run.Wrap(
            new SharpnessAwareOptions { Rho = run.Number("rho"), Geometry = new MaskedGeometry(new EuclideanGeometry(1e-7), mask) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            optimizer.Step(() => run.Problem.Backward(t)).Dispose();
            run.WeightsNear(t);
            if (t + 1 == run.Problem.Steps) break;
            foreach (var slot in optimizer.Parameters) run.Near($"mask_in_force.{run.NameOf(slot)}", t + 1, MaskOf(optimizer, slot));
        }
    }

    /// <summary>The peer counts parameters without a gradient too, and rounds down. As its trainer drives it, it does not perturb in the steps
    /// that make a mask.</summary>
    private static void FisherMasked(GoldenRun run)
    {
        var (every, dense) = (run.Whole("mask_every"), run.Is("loss_before"));
        var masked = run.Problem.Parameters.Where(p => !p.Key.Contains("bias", StringComparison.Ordinal)).ToArray();
        var kept = Math.Floor(masked.Sum(p => p.Value.numel()) * run.Number("keep_ratio"));
        var recipe = Recipe.FisherMaskSam(run.Number("rho"),
            (kept - 0.5) / masked.Where(p => p.Key != "extra.u").Sum(p => p.Value.numel()), every,
            slot => !run.NameOf(slot).Contains("bias", StringComparison.Ordinal));
        using var optimizer = run.Wrap(recipe with
        {
            Geometry = new StillGeometry(recipe.Geometry, step => dense && (step - 1) % every == 0),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss", t, loss);
            run.WeightsNear(t);
            foreach (var (name, parameter) in masked.Where(p => p.Key != "extra.u"))
                run.Near($"mask.{name}", t, MaskOf(optimizer, optimizer.Parameters.Single(slot => ReferenceEquals(slot.Parameter, parameter))));
        }
    }

    /// <summary>Leaves the weights where they are in some steps.</summary>
    private sealed record StillGeometry(IGeometry Wrapped, Func<long, bool> IsStill) : GeometryDecorator(Wrapped)
    {
        public override void Perturb(Ascent ascent, Tensor norm)
        {
            if (!IsStill(ascent.Step)) base.Perturb(ascent, norm);
            else foreach (var bucket in ascent.Buckets) ascent.Copy(bucket.Results, bucket.Weights);
        }
    }

    private static Tensor MaskOf(SharpnessAwareOptimizer optimizer, ParameterSlot parameter) =>
        optimizer.Memory.All.Single().Memory.Find("mask", parameter)!;

    /// <summary>The masks of a run's file.</summary>
    private sealed class GivenMask(GoldenRun run) : IElementMask
    {
        private int _step;

        public Tensor At(ParameterSlot slot, int step) => run.Expected[$"mask_in_force.{run.NameOf(slot)}"][step].to(run.Dtype);

        public Tensor[] MaskOf(Ascent ascent, ParameterBucket bucket) => bucket.Parameters.Select(slot => At(slot, _step)).ToArray();

        public void Review(Ascent ascent) => _step++;
    }
}
