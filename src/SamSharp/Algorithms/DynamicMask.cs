using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Sparse SAM's dynamic mask (SSAM-D): random at first; at each refresh a share r of the perturbed weights is dropped and as many others take their place,
/// r = drop (1 + cos(pi i / refreshes)) / 2 at refresh i = 0, 1, ... (Mi et al. 2022, see <see cref="SampleFisherMask"/>).
/// </summary>
/// <remarks>A refresh follows an ascent and serves from the next on. The number of perturbed weights stays, but for one that both roundings may take at a refresh: no more are dropped
/// than can be replaced (the authors' code drops them all the same).</remarks>
public sealed class DynamicMask : KeptMask
{
    private readonly Func<ParameterSlot, Tensor>? _initial;
    private readonly MaskScore _dropBy, _growBy;
    private readonly double _sparsity, _drop;
    private readonly int _refreshEvery, _refreshes;
    private readonly long _seed;
    private long _ascents;

    /// <summary>A random mask.</summary>
    /// <param name="refreshes">How many refreshes the schedule of r spans; after it r stays at its end.</param>
    /// <param name="refreshEvery">Ascents from one refresh to the next, the first ascent being one.</param>
    /// <param name="sparsity">The share of weights that stay; in [0, 1). Default 0.2 (Mi-Peng/Sparse-Sharpness-Aware-Minimization).</param>
    /// <param name="drop">The share of perturbed weights that is replaced at the first refresh. Default 0.5 (the same code).</param>
    /// <param name="dropBy">Perturbed weights of the lowest score are dropped. Default: the size of the gradient (the code's default).</param>
    /// <param name="growBy">Weights of the highest score take their place. Default: random (the code's default).</param>
    /// <param name="seed">Of the random choices.</param>
    /// <param name="initial">The first mask of each parameter, or null for a random one.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public DynamicMask(int refreshes, int refreshEvery, double sparsity = 0.2, double drop = 0.5, MaskScore dropBy = MaskScore.Gradient, MaskScore growBy = MaskScore.Random,
        long seed = 0, Func<ParameterSlot, Tensor>? initial = null)
    {
        (_refreshes, _refreshEvery) = (Check.Positive(refreshes), Check.Positive(refreshEvery));
        (_sparsity, _drop) = (Check.Share(sparsity), drop >= 0 && drop <= 1 ? drop : throw new ArgumentOutOfRangeException(nameof(drop), drop, "The share that is dropped must lie in [0, 1]."));
        (_dropBy, _growBy, _seed, _initial) = (dropBy, growBy, seed, initial);
    }

    private protected override bool IsOfGradients => _dropBy == MaskScore.Gradient || _growBy == MaskScore.Gradient;

    /// <inheritdoc/>
    public override void Prepare(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        if (!Masks.IsEmpty) return;
        if (_initial is not null)
        {
            foreach (var list in ascent.Lists) Masks.Of(list.Slots, _initial);
            return;
        }
        var scores = Scores(ascent, MaskScore.Random, -1);
        TopScores.Keep(scores, (long)Math.Floor(scores.Sum(score => score.Score.numel()) * (1 - _sparsity)), Masks);
    }

    /// <inheritdoc/>
    public override void Review(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        if (_ascents++ % _refreshEvery != 0) return;
        var refresh = Math.Min((_ascents - 1) / _refreshEvery, _refreshes);
        var replaced = _drop * (1 + Math.Cos(Math.PI * refresh / _refreshes)) / 2;
        var alive = ascent.Lists.SelectMany(MaskOf).ToArray();
        var all = alive.Sum(mask => mask.numel());
        var death = Scores(ascent, _dropBy, (2 * refresh) + 1).Zip(alive, (score, mask) => (score.Slot, Score: score.Score.mul(mask))).ToArray();
        var growth = Scores(ascent, _growBy, (2 * refresh) + 2).Zip(alive, (score, mask) => (score.Slot, Score: score.Score.mul(mask.neg().add_(1)))).ToArray();
        var (perturbed, still) = (all * (1 - _sparsity), all * _sparsity);
        var survivors = TopScores.Mark(Array.ConvertAll(death, score => score.Score), (long)Math.Floor(Math.Max(perturbed * (1 - replaced), perturbed - still)));
        var grown = TopScores.Mark(Array.ConvertAll(growth, score => score.Score), (long)Math.Floor(Math.Min(perturbed * replaced, still)));
        for (var i = 0; i < death.Length; i++)
            Masks.Put(death[i].Slot, survivors[i].logical_or(grown[i]).to(death[i].Slot.Parameter.dtype, death[i].Slot.Parameter.device, copy: true));
    }

    /// <inheritdoc/>
    public override void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _ascents = state.Count("ascents", _ascents);
        base.Exchange(state);
    }

    /// <summary>One positive score per weight; the constant keeps a score of 0 above those that do not count.</summary>
    private (ParameterSlot Slot, Tensor Score)[] Scores(Ascent ascent, MaskScore by, long draw) => ascent.Lists.SelectMany(list => list.Slots.Select((slot, i) => (slot, by switch
    {
        MaskScore.Weight => list.Results[i].abs().add_(1e-7),
        MaskScore.Gradient => list.Gradients[i].abs().add_(1e-7),
        _ => RandomScore(slot, draw),
    }))).ToArray();

    private Tensor RandomScore(ParameterSlot slot, long draw)
    {
        using var generator = CounterRandom.GeneratorFor(slot, _seed, draw, 0);
        return rand(slot.Parameter.shape, dtype: slot.Parameter.dtype, device: slot.Parameter.device, generator: generator).add_(1e-7);
    }
}
