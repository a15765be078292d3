using System.Globalization;
using SamSharp.Benchmarks.Racing;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>Updates of one list of parameters, whole and in part, against TorchSharp's optimizers and against memcpy.</summary>
internal sealed class UpdateRace : IDisposable
{
    private readonly ShapeSet _shapes;
    private readonly ParameterSet _set;
    private readonly NarrowUpdates? _narrow;
    private readonly List<IDisposable> _owned = [];
    private readonly List<Contender> _contenders = [];
    private readonly double _copies;
    private readonly SharpnessAwareOptimizer _sam;
    private readonly Contender _copyOfAscent, _copyOfUpdate, _copyOfAdafactor, _copyOfAdam, _copyOfSgd, _ascent;
    private readonly Contender _adamW, _samAdamW, _fusedAdamW, _samFusedAdamW, _adafactor, _samAdafactor;
    private readonly Contender _adam, _fusedAdam, _sgd, _fusedSgd;

    public UpdateRace(ShapeSet shapes)
    {
        _shapes = shapes;
        _set = Own(new ParameterSet(shapes));
        _set.SetGradients();
        _copies = Residue.Copies(_set, set => Bases.Sam(Bases.PlainSGD(set)));

        var (adamW, adafactor) = (Own(Bases.Sam(Bases.TorchAdamW(_set))), Own(Bases.Sam(Bases.Adafactor(_set))));
        _sam = Own(Bases.Sam(Bases.FusedAdamW(_set)));
        _copyOfAscent = Copy(16);
        _copyOfUpdate = Copy(44);
        _ascent = Add("ascent + restore", () =>
        {
            _sam.Ascend();
            _sam.Restore();
        });
        _adamW = Step("TorchSharp's AdamW.step()", adamW.BaseOptimizer);
        _samAdamW = Update("SAM, TorchSharp's AdamW", adamW);
        _fusedAdamW = Step("FusedAdamW.step()", _sam.BaseOptimizer);
        _samFusedAdamW = Update("SAM, FusedAdamW", _sam);
        _copyOfAdafactor = Copy(24);
        _adafactor = Step("Adafactor.step()", adafactor.BaseOptimizer);
        _samAdafactor = Update("SAM, Adafactor", adafactor);
        _copyOfAdam = Copy(28);
        _copyOfSgd = Copy(20);
        _adam = Step("TorchSharp's Adam.step()", Own(Bases.TorchAdam(_set)));
        _fusedAdam = Step("FusedAdam.step()", Own(Bases.FusedAdam(_set)));
        _sgd = Step("TorchSharp's SGD.step()", Own(Bases.TorchSGD(_set)));
        _fusedSgd = Step("FusedSGD.step()", Own(Bases.FusedSGD(_set)));
        if (shapes != ShapeSet.Tiny) _contenders.AddRange((_narrow = Own(new NarrowUpdates(shapes))).Contenders);
    }

    public void Run(int rounds) => Race.Run(_contenders, rounds);

    public IEnumerable<Ratio> Ratios() => _shapes == ShapeSet.Tiny
        ? [
            Time(_samFusedAdamW, _adamW, goal: 0.25),
            Time(_ascent, _adamW),
            Time(_samAdamW, _adamW),
            Time(_samAdafactor, _adamW),
            Time(_fusedAdamW, _adamW, goal: 0.25),
            Time(_fusedAdam, _adam, goal: 0.25),
            Time(_fusedSgd, _sgd, goal: 0.25),
            .. Allocations(),
        ]
        : [
            Time(_ascent, _copyOfAscent, goal: 1.3),
            Time(_samFusedAdamW, _adamW),
            Time(_samFusedAdamW, _copyOfUpdate, goal: 1.25),
            Time(_adafactor, _copyOfAdafactor, goal: 1.25),
            Time(_samAdamW, _adamW),
            Time(_samAdafactor, _adamW),
            // TorchSharp's own steps are near the memory's floor for large tensors: the floor is the goal there.
            Time(_fusedAdamW, _copyOfAdam, goal: 1.25),
            Time(_fusedAdam, _copyOfAdam, goal: 1.25),
            Time(_fusedSgd, _copyOfSgd, goal: 1.25),
            Time(_fusedAdamW, _adamW),
            Time(_fusedAdam, _adam),
            Time(_fusedSgd, _sgd),
            .. _narrow!.Ratios(_shapes, _ascent, _samFusedAdamW, _samAdafactor),
            .. Allocations(),
            // A hundredth for pages that are not ours.
            new($"{_shapes}: native memory, copies of the parameters, SAM's own", _copies, 1.01),
            new($"{_shapes}: native memory, copies of the parameters, in steady state", Residue.SteadyCopies(_set, _sam), 0.01),
        ];

    /// <summary>The times behind the ratios.</summary>
    public string Describe() => string.Join(Environment.NewLine,
    [
        string.Create(CultureInfo.InvariantCulture, $"{_shapes}: {_set.Parameters.Length:N0} parameters, {_set.Elements:N0} elements"),
        .. _contenders.Select(contender => string.Create(CultureInfo.InvariantCulture, $"  {contender.Name,-40} {contender.Milliseconds,8:0.0} ms")),
    ]);

    public void Dispose()
    {
        foreach (var owned in _owned.AsEnumerable().Reverse()) owned.Dispose();
    }

    private Ratio[] Allocations() =>
    [
        Bytes(_samFusedAdamW, goal: 300), Bytes(_ascent), Bytes(_samAdafactor), Bytes(_samAdamW),
        new($"{_shapes}: objects left to finalizers, SAM, FusedAdamW", Residue.Finalized(_set, _sam), 0),
    ];

    private Contender Copy(int bytesPerElement) =>
        Add($"memcpy, {bytesPerElement} bytes an element", Own(new MemoryCopy(bytesPerElement * _set.Elements)).Run);

    private Contender Step(string name, Optimizer optimizer) => Add(name, () => optimizer.step());

    private Contender Update(string name, SharpnessAwareOptimizer sam) => Add(name, sam.Ascend, sam.Descend);

    private Contender Add(string name, params Action[] phases)
    {
        var contender = new Contender(name, _set.SetGradients, phases);
        _contenders.Add(contender);
        return contender;
    }

    private Ratio Time(Contender one, Contender other, double? goal = null) =>
        new($"{_shapes}: {one.Name} / {other.Name}", one.TimeRelativeTo(other), goal);

    private Ratio Bytes(Contender contender, double? goal = null) =>
        new($"{_shapes}: managed bytes a parameter, {contender.Name}", contender.AllocatedBytes / _set.Parameters.Length, goal);

    private T Own<T>(T disposable) where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }
}
