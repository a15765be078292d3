using System.Text.RegularExpressions;
using SamSharp.Steps;
using SamSharp.Tests.Architecture;

namespace SamSharp.Tests.Parts;

/// <summary>
/// Random numbers and scores on devices that this machine does not have. libtorch's meta device stands for them: it holds no numbers, but like
/// a GPU it refuses tensors of another device. A GPU also refuses generators of the CPU, and TorchSharp makes no other ones.
/// </summary>
[TensorScope]
public partial class DevicePlacementTests
{
    private static readonly Device Elsewhere = new(DeviceType.META);

    public static TheoryData<INoise> Noises() => new(new GaussianNoise(), new SignNoise());

    [Theory]
    [MemberData(nameof(Noises))]
    public void Noise_is_drawn_where_generators_work_and_lies_where_the_parameter_does(INoise noise)
    {
        var slot = new ParameterSlot(new TorchSharp.Modules.Parameter(empty(3, 2, dtype: bfloat16, device: Elsewhere)), 0, 0, null);
        var drawn = noise.Sample(slot, 1, 0);
        Assert.Equal((DeviceType.META, bfloat16), (drawn.device_type, drawn.dtype));
        Assert.Equal([3, 2], drawn.shape);
    }

    [Fact]
    public void Scores_of_two_devices_are_ranked_together()
    {
        var marks = TopScores.Mark([empty(3, device: Elsewhere), ones(2, 2)], 2);
        Assert.Equal([3], marks[0].shape);
        Assert.Equal([2, 2], marks[1].shape);
        Assert.All(marks, mark => Assert.Equal(DeviceType.META, mark.device_type)); // the first score's
    }

    /// <summary>A draw anywhere else would have to think of the device again.</summary>
    [Fact]
    public void Whatever_the_library_draws_is_drawn_on_the_CPU_in_few_places()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(SourceTree.Top, "src", "SamSharp"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        var draws = sources.SelectMany(file => File.ReadLines(file).Select(line => (File: Path.GetFileName(file), Code: line.Split("//")[0].Trim())))
            .Where(line => Draw().IsMatch(line.Code)).ToArray();
        Assert.True(draws.Length >= 6);
        foreach (var (file, code) in draws)
        {
            var known = file is "RandomVectors.cs" or "LoraFactor.cs" or "FlatLora.cs" || Seeded().IsMatch(code);
            if (!known || code.Contains("device", StringComparison.Ordinal)) Assert.Fail($"{file}: {code}");
        }
    }

    [GeneratedRegex(@"\(shape, (dtype|_), generator\) =>")]
    private static partial Regex Seeded();

    [GeneratedRegex(@"\b(rand|randn|randint|randperm|bernoulli|multinomial)\(|\.(uniform|normal|bernoulli|exponential|random|cauchy|geometric)_\(")]
    private static partial Regex Draw();
}
