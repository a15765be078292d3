using SamSharp.Optimizers;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Reliability;

/// <summary>A state file that is cut, damaged or another optimizer's is refused with one kind of exception, and nothing has changed.</summary>
[TensorScope]
[Trait("Category", "Reliability")]
public class StateFuzzTests
{
    private const int Mutations = 10_000, Seed = 20_26;

    [Fact]
    public void A_file_cut_at_any_byte_changes_nothing()
    {
        using var problem = new Problem();
        using var optimizer = Trained(problem);
        var saved = Saved(optimizer);
        for (var length = 0; length < saved.Length; length++) RefusedOrLoaded(optimizer, saved[..length], mustRefuse: true);
    }

    /// <summary>One to four bytes are set at random. A file that still loads, as when the number in a tensor has changed, may change the
    /// state.</summary>
    [Fact]
    public void A_damaged_file_is_refused_whole_or_loaded_whole()
    {
        using var problem = new Problem();
        using var optimizer = Trained(problem);
        var saved = Saved(optimizer);
        var random = new Random(Seed);
        var refused = 0;
        for (var n = 0; n < Mutations; n++)
        {
            var bytes = saved.ToArray();
            // Half of the damage hits the front, where counts, names and shapes are.
            var reach = n % 2 == 0 ? bytes.Length : 400;
            for (var hits = random.Next(1, 5); hits > 0; hits--) bytes[random.Next(reach)] = (byte)random.Next(256);
            if (!RefusedOrLoaded(optimizer, bytes, mustRefuse: false))
                optimizer.load_state_dict(new BinaryReader(new MemoryStream(saved)), acceptOtherRecipe: false);
            else refused++;
        }
        Assert.InRange(refused, Mutations / 10, Mutations - 1);
        Campaign.Record("state files of wrapped FusedAdamW, damaged", Mutations, $"{refused} refused, nothing changed; the others loaded");
    }

    [Fact]
    public void The_file_of_another_optimizer_changes_nothing()
    {
        using Problem problem = new(), other = new(hidden: 12), third = new();
        using var optimizer = Trained(problem);
        using var wider = Trained(other);
        using var plain = new FusedAdamW(third.Parameters, 0.01);
        RefusedOrLoaded(optimizer, Saved(wider), mustRefuse: true);
        using var stream = new MemoryStream();
        plain.save_state_dict(new BinaryWriter(stream));
        RefusedOrLoaded(optimizer, stream.ToArray(), mustRefuse: true);
    }

    /// <summary>Another theta is named, and loads when that is wanted.</summary>
    [Fact]
    public void Other_settings_of_a_part_load_on_purpose_only()
    {
        using Problem problem = new(), other = new();
        using var optimizer = Trained(problem);
        using var changed = new FusedAdamW(other.Parameters, 0.01).WithSharpnessAwareness(Recipe.Vasso(0.1, 0.6));
        var saved = Saved(optimizer);
        var message = Assert.Throws<InvalidDataException>(() => changed.load_state_dict(new BinaryReader(new MemoryStream(saved)))).Message;
        Assert.Contains("Theta = 0.9", message, StringComparison.Ordinal);
        Assert.Contains("Theta = 0.6", message, StringComparison.Ordinal);
        Assert.Equal(0, changed.LastStep.Step);
        changed.load_state_dict(new BinaryReader(new MemoryStream(saved)), acceptOtherRecipe: true);
        Assert.Equal(3, changed.LastStep.Step);
        Assert.Equal(optimizer.Memory.All.Single().Memory.Tensors.Count(), changed.Memory.All.Single().Memory.Tensors.Count());
    }

    /// <summary>The averages of the parameters, [10, 6] and the others, with another shape of as many numbers, or as whole numbers.</summary>
    [Fact]
    public void A_memory_of_another_shape_or_type_is_refused()
    {
        using var problem = new Problem();
        using var optimizer = Trained(problem);
        var saved = Saved(optimizer);
        // Index, dtype, dimensions and sizes of the first average.
        byte[] header = [.. BitConverter.GetBytes(0), .. BitConverter.GetBytes((int)ScalarType.Float64), .. BitConverter.GetBytes(2),
            .. BitConverter.GetBytes(10L), .. BitConverter.GetBytes(6L)];
        var place = saved.AsSpan().IndexOf(header);
        Assert.True(place > 0);
        void Refused(int at, byte[] other, string message)
        {
            var wrong = saved.ToArray();
            other.CopyTo(wrong, place + at);
            var error = Assert.Throws<InvalidDataException>(() => optimizer.load_state_dict(new BinaryReader(new MemoryStream(wrong))));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.Equal(saved, Saved(optimizer));
        }

        Refused(12, [.. BitConverter.GetBytes(6L), .. BitConverter.GetBytes(10L)], "of shape [6, 10] for parameter 0");
        Refused(12, [.. BitConverter.GetBytes(60L), .. BitConverter.GetBytes(1L)], "of shape [60, 1] for parameter 0");
        Refused(4, BitConverter.GetBytes((int)ScalarType.Int64), "of type Int64 for parameter 0");
        Refused(0, BitConverter.GetBytes(3), "for parameter 3; there are 3");
        Refused(0, BitConverter.GetBytes(-1), "for parameter -1; there are 3");
    }

    private static SharpnessAwareOptimizer Trained(Problem problem)
    {
        var optimizer = new FusedAdamW(problem.Parameters, 0.01).WithSharpnessAwareness(Recipe.Vasso(0.1));
        for (var t = 0; t < 3; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        return optimizer;
    }

    private static byte[] Saved(SharpnessAwareOptimizer optimizer)
    {
        using var stream = new MemoryStream();
        optimizer.save_state_dict(new BinaryWriter(stream));
        return stream.ToArray();
    }

    private static bool RefusedOrLoaded(SharpnessAwareOptimizer optimizer, byte[] bytes, bool mustRefuse)
    {
        using var scope = NewDisposeScope();
        var before = Saved(optimizer);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            optimizer.load_state_dict(new BinaryReader(new MemoryStream(bytes)));
            Assert.False(mustRefuse, $"a file of {bytes.Length} bytes was loaded");
            return false;
        }
        catch (InvalidDataException)
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 8 << 20);
            Assert.Equal(before, Saved(optimizer));
            return true;
        }
    }
}
