namespace SamSharp;

/// <summary>Random numbers determined by a seed and by where they are used, so that nothing must be stored to draw them again.</summary>
internal static class CounterRandom
{
    /// <summary>A uniform number in [0, 1).</summary>
    public static double Uniform(long seed, long step, int index = 0) => (Hash(seed, step, index) >> 11) * (1.0 / (1UL << 53));

    /// <summary>SplitMix64's finalizer (Steele, Lea, Flood 2014), applied to one number after the other.</summary>
    public static ulong Hash(params ReadOnlySpan<long> numbers)
    {
        var hash = 0UL;
        foreach (var number in numbers)
        {
            hash = unchecked((hash ^ (ulong)number) + 0x9E3779B97F4A7C15UL);
            hash = unchecked((hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL);
            hash = unchecked((hash ^ (hash >> 27)) * 0x94D049BB133111EBUL);
            hash ^= hash >> 31;
        }
        return hash;
    }
}
