using SamSharp.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One ascent: the parameters to perturb, with their gradients, the direction to climb along and the radius.</summary>
public sealed class Ascent : StepPhase, IDisposable
{
    private readonly List<Tensor> _owned = [];
    private Tensor[][] _directions = [];

    internal Ascent(StepServices services, IReadOnlyList<ParameterBucket> buckets, int draw) : base(services, buckets) => Draw = draw;

    /// <summary>The index of this perturbation within the step, from 0. A step makes several when the batch has parts or when a combiner asks
    /// for further points. Together with <see cref="StepPhase.Step"/> it seeds random directions.</summary>
    public int Draw { get; }

    /// <summary>The Euclidean norm of the whole direction, over all buckets.</summary>
    public Tensor Norm() => GlobalNorm(bucket => Norm(bucket.Direction));

    /// <summary>One norm over all buckets: sqrt(sum of the buckets' squared norms).</summary>
    public Tensor GlobalNorm(Func<ParameterBucket, Tensor> norm) => GlobalNorm(Buckets, norm);

    /// <summary>Sums a number over all buckets.</summary>
    public Tensor Sum(Func<ParameterBucket, Tensor> number) => Sum(Buckets, number);

    /// <summary>result := w + radius d / (norm + floor). Where the norm is 0 or not finite, e is 0.</summary>
    public void Perturb(ParameterBucket bucket, Tensor norm, double floor)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        Write(bucket, bucket.Direction, Scale(bucket, norm, floor));
    }

    /// <summary>result := w + radius (|w| + kappa)^2 d / (norm + floor). Where the norm is 0 or not finite, e is 0.</summary>
    public void PerturbAdaptive(ParameterBucket bucket, Tensor norm, double floor, double kappa)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        Write(bucket, bucket.Direction, Scale(bucket, norm, floor), kappa);
    }

    /// <summary>result := w + radius d, without normalization. Where the norm is 0 or not finite, e is 0.</summary>
    public void PerturbUnnormalized(ParameterBucket bucket, Tensor norm)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        ArgumentNullException.ThrowIfNull(norm);
        using var scope = NewDisposeScope();
        var usable = norm.isfinite().logical_and(norm.IsGreaterThan(0));
        var radius = FactorFor(bucket.Weights, usable.to_type(bucket.Accumulator).Times(bucket.Radius));
        Write(bucket, bucket.Direction, radius);
    }

    /// <summary>result := w + factor v.</summary>
    public void PerturbBy(ParameterBucket bucket, Tensor[] vectors, double factor)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        ArgumentNullException.ThrowIfNull(vectors);
        Write(bucket, vectors, FactorFor(bucket.Weights, factor));
    }

    /// <summary>result := w + scale v, or w + scale (|w| + kappa)^2 v. 16-bit weights are perturbed in float32, and rounded once, where
    /// they have masters or are rounded at random.</summary>
    private void Write(ParameterBucket bucket, Tensor[] vectors, Tensor scale, double? kappa = null)
    {
        var masters = bucket.Is16Bits ? bucket.Parameters.Select(Services.Base.MasterOf).ToArray() : [];
        if (bucket.Is16Bits && (Services.Options.StochasticRounding || Array.Exists(masters, master => master is not null)))
        {
            // A parameter has no master before the first step that moves it.
            foreach (var places in Enumerable.Range(0, vectors.Length).ToLookup(i => masters[i] is null).Select(group => group.ToArray()))
            {
                var exact = masters[places[0]] is null ? null : Array.ConvertAll(places, place => masters[place]!);
                Kernels.PerturbRounded(new(NarrowWeights.Of(bucket.Weights, places), exact, KeysOf(bucket, places)),
                    NarrowWeights.Of(bucket.Results, places), NarrowWeights.Of(vectors, places), scale, kappa);
            }
        }
        else if (kappa is { } added)
        {
            Kernels.PerturbAdaptive(bucket.Weights, bucket.Results, vectors, scale, added);
        }
        else
        {
            Kernels.Perturb(bucket.Weights, bucket.Results, vectors, scale);
        }
    }

    private ulong[]? KeysOf(ParameterBucket bucket, int[] places) => Services.Options.StochasticRounding
        ? Array.ConvertAll(places, place =>
            CounterRandom.Hash(Services.Options.RoundingSeed, Step, Draw, Services.Moves, bucket.Parameters[place].Index))
        : null;

    /// <summary>radius / (norm + floor), or 0 where the norm is 0 or not finite; a number on the bucket's device.</summary>
    public Tensor Scale(ParameterBucket bucket, Tensor norm, double floor)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        using var scope = NewDisposeScope();
        return FactorFor(bucket.Weights, Kernels.Scale(norm, bucket.Radius, floor)).MoveToOuterDisposeScope();
    }

    /// <summary>The norm that scaled e; null unless <see cref="Keep"/> was called.</summary>
    internal Tensor? KeptNorm { get; private set; }

    /// <summary>Keeps what e was computed from, so that multiples of it can be computed later.</summary>
    internal void Keep(Tensor norm, DisposeScope scope)
    {
        _directions = Buckets.Select(bucket => bucket.Direction).ToArray();
        KeptNorm = norm;
        foreach (var made in _directions.SelectMany(direction => direction).Append(norm).Where(scope.Contains))
            _owned.Add(made.DetachFromDisposeScope());
    }

    /// <summary>Returns the kept directions to the buckets.</summary>
    internal void ReturnDirections()
    {
        foreach (var (bucket, direction) in Buckets.Zip(_directions)) bucket.Direction = direction;
    }

    /// <summary>Frees what was kept. The step does this itself.</summary>
    public void Dispose()
    {
        foreach (var made in _owned) made.Dispose();
        _owned.Clear();
        _directions = [];
        KeptNorm = null;
    }
}
