using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Wrapper;

/// <summary>Training resumed from saved state equals training that was never interrupted, bit for bit.</summary>
[TensorScope]
public class CheckpointTests
{
    private static readonly Dictionary<string, Func<IEnumerable<Parameter>, optim.Optimizer>> Bases = new()
    {
        ["SGD with momentum"] = p => optim.SGD(p, 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.01),
        ["SGD"] = p => optim.SGD(p, 0.05),
        ["AdamW"] = p => optim.AdamW(p, 0.01),
        ["AdamW, AMSGrad"] = p => optim.AdamW(p, 0.01, amsgrad: true),
        ["RMSProp"] = p => optim.RMSProp(p, 0.01, momentum: 0.5, centered: true),
        ["Adafactor"] = p => new Adafactor(p, lr: 0.01, beta1: 0.9, relativeStep: false),
        ["FusedAdamW"] = p => new FusedAdamW(p, 0.01),
        ["FusedAdam, AMSGrad"] = p => new FusedAdam(p, 0.01, amsgrad: true),
        ["FusedSGD"] = p => new FusedSGD(p, 0.05),
        ["FusedSGD with momentum"] = p => new FusedSGD(p, 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01),
    };

    public static TheoryData<string, string> Ways()
    {
        var ways = new TheoryData<string, string>();
        foreach (var name in Bases.Keys)
        {
            foreach (var way in new[] { "file", "stream", "dictionary", "in a dispose scope", "through the base class" }) ways.Add(name, way);
        }
        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Resumed_training_equals_uninterrupted_training(string name, string way)
    {
        using var straight = new Problem(ScalarType.Float32);
        using var uninterrupted = Wrap(name, straight);
        for (var t = 0; t < 8; t++) uninterrupted.Step(() => straight.Backward(t)).Dispose();

        using var before = new Problem(ScalarType.Float32);
        using var saved = Wrap(name, before);
        for (var t = 0; t < 4; t++) saved.Step(() => before.Backward(t)).Dispose();
        using var after = new Problem(ScalarType.Float32, seed: 99);
        CopyWeights(before, after);
        using var resumed = Wrap(name, after);
        Transfer(saved, resumed, way);
        foreach (var (x, y) in new[] { (before.X, after.X), (before.Y, after.Y) }) y.copy_(x);
        for (var t = 4; t < 8; t++) resumed.Step(() => after.Backward(t)).Dispose();

        Close.Bits(straight.Weights(), after.Weights());
        Assert.Equal(8, resumed.LastStep.Step);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void State_from_before_the_first_step_can_be_saved_and_loaded(string name, string way)
    {
        using var straight = new Problem(ScalarType.Float32);
        using var uninterrupted = Wrap(name, straight);
        using var fresh = new Problem(ScalarType.Float32);
        using var resumed = Wrap(name, fresh);
        using var source = new Problem(ScalarType.Float32);
        using var untouched = Wrap(name, source);

        Transfer(untouched, resumed, way);
        for (var t = 0; t < 3; t++)
        {
            uninterrupted.Step(() => straight.Backward(t)).Dispose();
            resumed.Step(() => fresh.Backward(t)).Dispose();
        }
        Close.Bits(straight.Weights(), fresh.Weights());
    }

    /// <summary>A dictionary carries the options of every group, the first included: for an optimizer by itself and in a wrapper.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dictionary_carries_the_options_of_every_group(bool wraps)
    {
        OptimizerHelper Make(double lr, double momentum)
        {
            FusedSGD.ParamGroup Group() => new([new Parameter(ones(2))], new FusedSGD.Options { LearningRate = lr, Momentum = momentum });
            var sgd = new FusedSGD([Group(), Group()], 0.5);
            return wraps ? sgd.WithSharpnessAwareness() : sgd;
        }
        using OptimizerHelper source = Make(0.125, 0.75), target = Make(0.25, 0.5);
        foreach (var (group, i) in source.ParamGroups.Select((group, i) => (group, i))) group.LearningRate = 0.01 * (i + 1);
        target.load_state_dict(source.state_dict());
        Assert.Equal([0.01, 0.02], target.ParamGroups.Select(group => group.LearningRate));
        Assert.All(target.ParamGroups, group => Assert.Equal(0.75, ((FusedSGD.ParamGroup)group).Options.Momentum));
    }

    private static readonly Dictionary<string, (Func<Problem, SharpnessAwareOptimizer> Other, string Message)> MisfitsByName = new()
    {
        ["another base"] = (
            p => optim.Adam(p.Parameters, 0.01).WithSharpnessAwareness(),
            "the base optimizer is AdamW in the state and Adam here"),
        ["fewer parameters"] = (
            p => optim.AdamW(p.Parameters.Skip(1), 0.01).WithSharpnessAwareness(),
            "the number of parameters in group 0 is 3 in the state and 2 here"),
        ["other shapes"] = (
            p => optim.AdamW(p.Parameters.Reverse(), 0.01).WithSharpnessAwareness(),
            "[10, 6] in the state and [3, 10] here"),
        ["other groups"] = (
            p => optim.AdamW(p.Parameters.Select(q => new AdamW.ParamGroup { Parameters = [q] }), 0.01).WithSharpnessAwareness(),
            "the number of param groups is 1 in the state and 3 here"),
    };

    public static TheoryData<string> Misfits() => new(MisfitsByName.Keys);

    [Theory]
    [MemberData(nameof(Misfits))]
    public void State_that_does_not_fit_is_refused_by_name_and_changes_nothing(string misfit)
    {
        var (other, message) = MisfitsByName[misfit];
        using var problem = new Problem();
        using var optimizer = optim.AdamW(problem.Parameters, 0.01).WithSharpnessAwareness();
        optimizer.Step(() => problem.Backward()).Dispose();
        using var stream = Saved(optimizer);
        using var target = other(problem);

        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => target.load_state_dict(new BinaryReader(stream))).Message,
            StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => target.load_state_dict(optimizer.state_dict())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void State_of_another_dtype_is_refused()
    {
        using var single = new Problem(ScalarType.Float32);
        using var both = new Problem();
        using var saved = optim.AdamW(single.Parameters, 0.01).WithSharpnessAwareness();
        using var target = optim.AdamW(both.Parameters, 0.01).WithSharpnessAwareness();
        using var stream = Saved(saved);
        var message = Assert.Throws<InvalidDataException>(() => target.load_state_dict(new BinaryReader(stream))).Message;
        Assert.Contains("Float32 in the state and Float64 here", message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_of_a_plain_optimizer_is_refused_with_a_hint()
    {
        using var problem = new Problem();
        using var plain = optim.AdamW(problem.Parameters, 0.01);
        using var target = optim.AdamW(problem.Parameters, 0.01).WithSharpnessAwareness();
        using var stream = Saved(plain);
        Assert.Contains("BaseOptimizer", Assert.Throws<InvalidDataException>(() => target.load_state_dict(new BinaryReader(stream))).Message,
            StringComparison.Ordinal);
        Assert.Contains("BaseOptimizer", Assert.Throws<InvalidDataException>(() => target.load_state_dict(plain.state_dict())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_format_version_is_refused()
    {
        using var problem = new Problem();
        using var optimizer = optim.AdamW(problem.Parameters, 0.01).WithSharpnessAwareness();
        using var stream = Saved(optimizer);
        var bytes = stream.ToArray();
        var version = bytes.AsSpan().IndexOf("SamSharp state"u8) + "SamSharp state".Length;
        Assert.Equal(3, BitConverter.ToInt32(bytes, version));
        bytes[version] = 4;
        var message = Assert.Throws<InvalidDataException>(() => optimizer.load_state_dict(new BinaryReader(new MemoryStream(bytes)))).Message;
        Assert.Contains("format version 4", message, StringComparison.Ordinal);
    }

    private static SharpnessAwareOptimizer Wrap(string name, Problem problem) =>
        Bases[name](problem.Parameters).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.2, Schedule = RadiusSchedule.Every(3) });

    private static void Transfer(SharpnessAwareOptimizer from, SharpnessAwareOptimizer to, string way)
    {
        using var stream = Saved(from);
        switch (way)
        {
            case "file":
                var path = Path.GetTempFileName();
                from.save_state_dict(path);
                to.load_state_dict(path);
                File.Delete(path);
                break;
            case "stream":
                to.load_state_dict(new BinaryReader(stream));
                break;
            case "dictionary":
                to.load_state_dict(from.state_dict());
                break;
            case "in a dispose scope":
                using (NewDisposeScope()) to.load_state_dict(new BinaryReader(stream));
                break;
            case "through the base class":
                ((OptimizerHelper)to).load_state_dict(new BinaryReader(stream));
                break;
            default:
                throw new ArgumentException(way);
        }
    }

    private static MemoryStream Saved(OptimizerHelper optimizer)
    {
        var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;
        return stream;
    }

    private static void CopyWeights(Problem from, Problem to)
    {
        using var noGradient = no_grad();
        foreach (var (p, q) in from.Parameters.Zip(to.Parameters)) q.copy_(p);
    }
}
