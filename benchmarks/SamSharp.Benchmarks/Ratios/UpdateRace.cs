using System.Globalization;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>Updates of one list of parameters, whole and in part, against TorchSharp's AdamW and against memcpy.</summary>
internal sealed class UpdateRace : IDisposable
{
    private readonly ShapeSet _shapes;
    private readonly ParameterSet _set;
    private readonly List<IDisposable> _owned = [];
    private readonly Contender _copyOfAscent, _ascent, _adamW, _samAdamW, _samAdafactor;

    public UpdateRace(ShapeSet shapes)
    {
        _shapes = shapes;
        _set = Own(new ParameterSet(shapes));
        _copyOfAscent = Copy(16);
        _ascent = Ascent();
        _adamW = Step("TorchSharp's AdamW.step()", Bases.TorchAdamW(_set));
        _samAdamW = Update("SAM, TorchSharp's AdamW", Bases.TorchAdamW(_set));
        _samAdafactor = Update("SAM, Adafactor", Bases.Adafactor(_set));
    }

    private Contender[] Contenders => [_copyOfAscent, _ascent, _adamW, _samAdamW, _samAdafactor];

    public void Run(int rounds) => Race.Run(Contenders, rounds);

    public IEnumerable<Ratio> Ratios() => _shapes == ShapeSet.Tiny
        ? [
            Time(_ascent, _adamW),
            Time(_samAdamW, _adamW),
            Time(_samAdafactor, _adamW, goal: 0.25),
            Bytes(_ascent, goal: 300),
            Bytes(_samAdafactor),
        ]
        : [
            Time(_ascent, _copyOfAscent, goal: 1.3),
            Time(_ascent, _adamW),
            Time(_samAdamW, _adamW),
            Time(_samAdafactor, _adamW),
            Bytes(_ascent, goal: 300),
            Bytes(_samAdafactor),
        ];

    /// <summary>The times behind the ratios.</summary>
    public string Describe() => string.Join(Environment.NewLine,
    [
        string.Create(CultureInfo.InvariantCulture, $"{_shapes}: {_set.Parameters.Length:N0} parameters, {_set.Elements:N0} elements"),
        .. Contenders.Select(contender => string.Create(CultureInfo.InvariantCulture, $"  {contender.Name,-40} {contender.Milliseconds,8:0.0} ms")),
    ]);

    public void Dispose()
    {
        foreach (var owned in _owned.AsEnumerable().Reverse()) owned.Dispose();
    }

    private Contender Copy(int bytesPerElement)
    {
        var copy = Own(new MemoryCopy(bytesPerElement * _set.Elements));
        return new($"memcpy, {bytesPerElement} bytes an element", () => { }, copy.Run);
    }

    private Contender Ascent()
    {
        var sam = Own(Bases.Sam(SGD(_set.Parameters, 0.1)));
        return new("ascent + restore", _set.SetGradients, () =>
        {
            sam.Ascend();
            sam.Restore();
        });
    }

    private Contender Step(string name, Optimizer optimizer)
    {
        Own(optimizer);
        return new(name, _set.SetGradients, () => optimizer.step());
    }

    private Contender Update(string name, Optimizer baseOptimizer)
    {
        var sam = Own(Bases.Sam(baseOptimizer));
        return new(name, _set.SetGradients, sam.Ascend, sam.Descend);
    }

    private Ratio Time(Contender one, Contender other, double? goal = null) =>
        new($"{_shapes}: time of {one.Name} / {other.Name}", one.Milliseconds / other.Milliseconds, goal);

    private Ratio Bytes(Contender contender, double? goal = null) =>
        new($"{_shapes}: managed bytes a parameter, {contender.Name}", contender.AllocatedBytes / _set.Parameters.Length, goal);

    private T Own<T>(T disposable) where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }
}
