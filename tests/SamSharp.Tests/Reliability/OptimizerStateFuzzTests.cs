using SamSharp.Optimizers;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Reliability;

/// <summary>
/// State files of every optimizer, of this library's own and of TorchSharp's in a wrapper: cut at every byte and damaged at random, they are refused
/// whole or loaded whole, and no more is allocated than twice the file.
/// </summary>
[TensorScope]
[Trait("Category", "Reliability")]
public class OptimizerStateFuzzTests
{
    private const int Mutations = 10_000, Seed = 15_2026;

    /// <summary>For exceptions and their texts, whatever the file.</summary>
    private const long Constant = 64 << 10;

    private static readonly Dictionary<string, Func<Problem, OptimizerHelper>> Optimizers = new()
    {
        ["FusedAdamW"] = p => new FusedAdamW(p.Parameters, 0.01, amsgrad: true),
        ["FusedAdam"] = p => new FusedAdam(p.Parameters, 0.01),
        ["FusedSGD"] = p => new FusedSGD(p.Parameters, 0.05, momentum: 0.9),
        ["Adafactor"] = p => new Adafactor(p.Parameters, beta1: 0.9),
        ["BSam"] = p => new BSam(p.Parameters, 64, 0.1),
        ["Sassha"] = p => new Sassha(p.Parameters, 0.05, lazy: 2),
        ["wrapped Adadelta"] = p => Wrapped(optim.Adadelta(p.Parameters)),
        ["wrapped Adagrad"] = p => Wrapped(optim.Adagrad(p.Parameters, 0.01)),
        ["wrapped Adam"] = p => Wrapped(optim.Adam(p.Parameters, 0.01, amsgrad: true)),
        ["wrapped Adamax"] = p => Wrapped(optim.Adamax(p.Parameters, 0.01)),
        ["wrapped AdamW"] = p => Wrapped(optim.AdamW(p.Parameters, 0.01)),
        ["wrapped ASGD"] = p => Wrapped(optim.ASGD(p.Parameters, 0.01)),
        ["wrapped NAdam"] = p => Wrapped(optim.NAdam(p.Parameters, 0.01)),
        ["wrapped RAdam"] = p => Wrapped(optim.RAdam(p.Parameters, 0.01)),
        ["wrapped RMSProp"] = p => Wrapped(optim.RMSProp(p.Parameters, 0.01, momentum: 0.5, centered: true)),
        ["wrapped Rprop"] = p => Wrapped(optim.Rprop(p.Parameters, 0.01)),
        ["wrapped SGD"] = p => Wrapped(optim.SGD(p.Parameters, 0.05, momentum: 0.9)),
        ["wrapped, with a memory"] = p => new FusedAdamW(p.Parameters, 0.01).WithSharpnessAwareness(Recipe.FriendlySam()),
    };

    public static TheoryData<string> Names => new(Optimizers.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_cut_at_any_byte_changes_nothing(string name)
    {
        using var problem = new Problem();
        using var optimizer = Trained(name, problem);
        var saved = Saved(optimizer);
        for (var length = 0; length < saved.Length; length++) Assert.True(IsRefused(optimizer, saved[..length]), $"{length} bytes were loaded");
        Assert.False(IsRefused(optimizer, saved));
        Assert.Equal(saved, Saved(optimizer));
        Campaign.Record($"state files of {name}, cut", saved.Length, "refused, nothing changed");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_damaged_file_is_refused_whole_or_loaded_whole(string name)
    {
        using var problem = new Problem();
        using var optimizer = Trained(name, problem);
        var saved = Saved(optimizer);
        var random = new Random(Seed);
        int refused = 0, trials = name.StartsWith("wrapped", StringComparison.Ordinal) ? Campaign.Trials(Mutations / 10) : Mutations;
        for (var n = 0; n < trials; n++)
        {
            var bytes = saved.ToArray();
            // Half of the damage hits the front, where counts, names and shapes are; every fourth file has a run of one byte.
            var reach = n % 2 == 0 ? bytes.Length : Math.Min(400, bytes.Length);
            if (n % 4 == 3) bytes.AsSpan(random.Next(reach - 9), 9).Fill(random.Next(2) == 0 ? (byte)0xFF : (byte)0x7F);
            else for (var hits = random.Next(1, 5); hits > 0; hits--) bytes[random.Next(reach)] = (byte)random.Next(256);
            if (IsRefused(optimizer, bytes)) refused++;
            else Assert.False(IsRefused(optimizer, saved));
        }
        Assert.InRange(refused, 1, trials);
        Campaign.Record($"state files of {name}, damaged", trials, $"{refused} refused, nothing changed; the others loaded");
    }

    private static OptimizerHelper Trained(string name, Problem problem)
    {
        var optimizer = Optimizers[name](problem);
        for (var t = 0; t < 3; t++)
        {
            if (optimizer is Sassha) ((Sassha)optimizer).Step(() => problem.Loss(problem.X, problem.Y)).Dispose();
            else optimizer.step(() => problem.Backward(t)).Dispose();
        }
        return optimizer;
    }

    private static SharpnessAwareOptimizer Wrapped(optim.Optimizer optimizer) => optimizer.WithSharpnessAwareness(Recipe.Sam());

    private static byte[] Saved(OptimizerHelper optimizer)
    {
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        return stream.ToArray();
    }

    private static bool IsRefused(OptimizerHelper optimizer, byte[] bytes)
    {
        using var scope = NewDisposeScope();
        var before = Saved(optimizer);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Exception? error = null;
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes));
            if (optimizer is SharpnessAwareOptimizer wrapper) wrapper.load_state_dict(reader);
            else optimizer.load_state_dict(reader);
        }
        catch (Exception e)
        {
            error = e;
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.True(allocated <= (2 * bytes.Length) + Constant, $"{allocated} bytes were allocated for {bytes.Length}: {error}");
        if (error is null) return false;
        // TorchSharp reads an optimizer's name and two counts itself, with exceptions of its own.
        Assert.True(error is InvalidDataException || optimizer is not SharpnessAwareOptimizer, $"{error}");
        Assert.Equal(before, Saved(optimizer));
        return true;
    }
}
