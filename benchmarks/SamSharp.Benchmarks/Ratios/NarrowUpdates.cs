using SamSharp.Benchmarks.Racing;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using TorchSharp;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>Updates of bfloat16 weights with FusedAdamW, whose state stays in float32, beside memcpy of the bytes that they must move.</summary>
internal sealed class NarrowUpdates : IDisposable
{
    // Bytes an element, of which two each: the norm reads g; w + e reads w and g and is written; AdamW reads w and g and writes w. Its two
    // moments are read and written in float32, as are masters, which w + e reads too.
    private const int BytesOfAscent = 8, BytesOfUpdate = 30, BytesWithMasters = BytesOfUpdate + 12;

    /// <summary>Of a whole update of float32 weights.</summary>
    private const double WideBytes = 44;

    private readonly ParameterSet _set;
    private readonly List<IDisposable> _owned = [];
    private readonly List<Contender> _contenders = [];
    private readonly Contender _copyOfAscent, _copyOfUpdate, _copyWithMasters, _ascent, _nearest, _atRandom, _masters, _adafactor;

    public NarrowUpdates(ShapeSet shapes)
    {
        _set = Own(new ParameterSet(shapes, dtype: torch.ScalarType.BFloat16));
        (_copyOfAscent, _copyOfUpdate, _copyWithMasters) = (Copy(BytesOfAscent), Copy(BytesOfUpdate), Copy(BytesWithMasters));
        var (nearest, atRandom, masters) = (Make(false, false), Make(true, false), Make(false, true));
        _ascent = Add("ascent + restore, bfloat16 at random", () =>
        {
            atRandom.Ascend();
            atRandom.Restore();
        });
        _nearest = Add("SAM, FusedAdamW, bfloat16", nearest.Ascend, nearest.Descend);
        _atRandom = Add("SAM, FusedAdamW, bfloat16 at random", atRandom.Ascend, atRandom.Descend);
        _masters = Add("SAM, FusedAdamW, bfloat16 with masters", masters.Ascend, masters.Descend);
        var adafactor = Own(Bases.Sam(Bases.Adafactor(_set)));
        _adafactor = Add("SAM, Adafactor, bfloat16", adafactor.Ascend, adafactor.Descend);
    }

    public IReadOnlyList<Contender> Contenders => _contenders;

    /// <summary>The ratios to the floor, and to the updates of float32 weights.</summary>
    public IEnumerable<Ratio> Ratios(ShapeSet shapes, Contender wideAscent, Contender wideUpdate, Contender wideAdafactor) =>
    [
        Time(shapes, _ascent, _copyOfAscent),
        Time(shapes, _ascent, wideAscent),
        Time(shapes, _nearest, _copyOfUpdate, goal: 1.25),
        Time(shapes, _atRandom, _copyOfUpdate, goal: 1.25),
        Time(shapes, _masters, _copyWithMasters, goal: 1.25),
        // Of the same bytes at the same speed it would be the ratio of the bytes, 0.68; a tenth more is allowed.
        Time(shapes, _nearest, wideUpdate, goal: BytesOfUpdate / WideBytes * 1.1),
        Time(shapes, _atRandom, wideUpdate),
        Time(shapes, _masters, wideUpdate),
        // Adafactor's state is small, so nearly all bytes are halved.
        Time(shapes, _adafactor, wideAdafactor, goal: 0.6),
    ];

    private static Ratio Time(ShapeSet shapes, Contender one, Contender other, double? goal = null) =>
        new($"{shapes}: {one.Name} / {other.Name}", one.TimeRelativeTo(other), goal);

    public void Dispose()
    {
        foreach (var owned in _owned.AsEnumerable().Reverse()) owned.Dispose();
    }

    private SharpnessAwareOptimizer Make(bool atRandom, bool masters) => Own(Bases.NarrowSam(_set, atRandom, masters));

    private Contender Copy(int bytesPerElement) =>
        Add($"memcpy, {bytesPerElement} bytes an element, for bfloat16", Own(new MemoryCopy(bytesPerElement * _set.Elements)).Run);

    private Contender Add(string name, params Action[] phases)
    {
        var contender = new Contender(name, _set.SetGradients, phases);
        _contenders.Add(contender);
        return contender;
    }

    private T Own<T>(T disposable) where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }
}
