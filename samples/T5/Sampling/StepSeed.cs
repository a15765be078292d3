using TorchSharp;

namespace SamSharp.Samples.T5.Sampling;

/// <summary>
/// One seed per step, derived from the run's seed. Seeding the generators before each step makes dropout depend only on
/// (seed, step): a resumed run and a run with another optimizer see the same masks, on the CPU and on CUDA (whose
/// generator state cannot be read), and there is no generator state to save.
/// </summary>
public static class StepSeed
{
    /// <summary>A non-negative, well-mixed seed: neighboring steps and neighboring run seeds give unrelated values.</summary>
    public static int Of(int seed, long step)
    {
        // splitmix64's finalizer (Steele, Lea and Flood, 2014).
        var z = unchecked(((ulong)(uint)seed << 32) + ((ulong)step * 0x9E3779B97F4A7C15UL) + 0x9E3779B97F4A7C15UL);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return (int)((z ^ (z >> 31)) & int.MaxValue);
    }

    /// <summary>Seeds the generators that dropout uses.</summary>
    public static void Apply(int seed, long step)
    {
        var value = Of(seed, step);
        torch.random.manual_seed(value);
        if (torch.cuda.is_available())
            torch.cuda.manual_seed_all(value);
    }
}
