namespace SamSharp.Samples.T5.Pretraining;

/// <summary>Cuts a text's ids into segments to train on.</summary>
public static class TextSegments
{
    /// <summary>Minimum length of a segment: one id to keep and one to replace.</summary>
    public const int Shortest = 2;

    /// <summary>
    /// The fewest segments of at most the given length. Their lengths differ by at most one id, so nothing is dropped and no segment
    /// is much shorter than the others. A text of a single id has no segment.
    /// </summary>
    public static IEnumerable<ReadOnlyMemory<int>> Cut(ReadOnlyMemory<int> ids, int longest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, Shortest + 1);
        if (ids.Length < Shortest)
            yield break;
        var count = (ids.Length + longest - 1) / longest;
        for (var i = 0; i < count; i++)
        {
            var start = (int)((long)ids.Length * i / count);
            yield return ids[start..(int)((long)ids.Length * (i + 1) / count)];
        }
    }
}
