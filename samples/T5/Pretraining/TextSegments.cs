namespace SamSharp.Samples.T5.Pretraining;

/// <summary>Cuts a text's ids into segments to train on.</summary>
public static class TextSegments
{
    /// <summary>The shortest text that a segment can be made of: one id to keep and one to replace.</summary>
    public const int Shortest = 2;

    /// <summary>
    /// As few segments as there can be of a longest length, which differ by at most one id: nothing is left over, nothing is padded
    /// out, and no segment is a stump. A text of a single id has none.
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
