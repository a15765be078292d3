using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Finds e and moves the weights: direction, then geometry, with the radius of every param group.</summary>
internal sealed class Perturbation(StepServices services, GroupRadii radii)
{
    /// <summary>An ascent from the gradients that the buckets hold.</summary>
    public Ascent New(int draw) => new(services,
        services.Table.Filled.Where(bucket => bucket.IsPerturbed && services.Table.Groups[bucket.Group].Perturbed).ToArray(), draw);

    /// <summary>Finds e, and moves the weights by <paramref name="scale"/> e.</summary>
    /// <param name="ascent">The gradients.</param>
    /// <param name="scale">Multiple of e.</param>
    /// <param name="other">How vectors become a perturbation; null for the recipe's geometry.</param>
    public void Move(Ascent ascent, double scale, IGeometry? other = null)
    {
        if (ascent.Buckets.Count == 0) return;
        var geometry = other ?? services.Options.Geometry;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        services.Moves++;
        SetRadii(ascent, scale);
        services.Options.Direction.Aim(ascent);
        services.Weights.Move(ascent.Buckets, () =>
        {
            var norm = geometry.Norm(ascent);
            services.Report.DirectionNormTensor ??= norm;
            geometry.Perturb(ascent, norm);
            if (services.Options.Combiner.NeedsFurtherPasses) ascent.Keep(norm, scope);
        });
    }

    /// <summary>Moves the weights by a multiple of the e that was kept.</summary>
    public void MoveAgain(Ascent ascent, double multiple)
    {
        if (ascent.KeptNorm is not { } norm) return;
        SetRadii(ascent, multiple);
        ascent.ReturnDirections();
        services.Weights.Move(ascent.Buckets, () => services.Options.Geometry.Perturb(ascent, norm));
    }

    /// <summary>Moves the weights on, from where they are, along other vectors.</summary>
    public void MoveAlong(Ascent ascent, Leg leg)
    {
        if (ascent.Buckets.Count == 0) return;
        using var scope = NewDisposeScope();
        SetRadii(ascent, leg.Scale);
        foreach (var bucket in ascent.Buckets)
            bucket.Direction = bucket.Parameters.Select(slot => leg.Vectors(slot) ?? zeros_like(slot.Parameter, requires_grad: false)).ToArray();
        var geometry = leg.Geometry ?? services.Options.Geometry;
        services.Weights.Move(ascent.Buckets, () => geometry.Perturb(ascent, geometry.Norm(ascent)));
        SetRadii(ascent, 1);
    }

    private void SetRadii(Ascent ascent, double scale)
    {
        foreach (var bucket in ascent.Buckets) bucket.Radius = radii[bucket.Group] * scale;
    }
}
