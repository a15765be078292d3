using System.Globalization;
using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Data;

/// <summary>The parts of one file, whose names say how many there are: <c>train-00000-of-00003.parquet</c>.</summary>
internal static partial class Shards
{
    /// <summary>The files, if their names call for no others.</summary>
    /// <exception cref="FormatException">A part is missing, or there are parts of two files; the message names them.</exception>
    public static IReadOnlyList<string> Complete(IReadOnlyList<string> paths)
    {
        var shards = paths.Select(path => (Path: path, Match: Form().Match(Path.GetFileName(path))))
            .Where(shard => shard.Match.Success).ToList();
        foreach (var name in shards.GroupBy(shard => shard.Match.Groups["name"].Value))
        {
            var counts = name.Select(shard => Number(shard.Match, "count")).Distinct().Order().ToList();
            if (counts.Count > 1)
            {
                throw new FilePlace(name.First().Path)
                    .Data($"the folder also has parts of a file in {counts[^1]} parts. Remove one of the two sets.");
            }
            var found = name.Select(shard => Number(shard.Match, "index")).ToList();
            if (found.GroupBy(index => index).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw new FilePlace(name.First().Path).Data($"there are two parts with the number {twice.Key}. Remove one of them.");
            var missing = Enumerable.Range(0, (int)Math.Min(counts[0], found.Count + 100L)).Select(index => (long)index).Except(found).ToList();
            if (missing.Count > 0 || found.Max() >= counts[0])
            {
                var which = missing.Count > 0 ? $"number {missing[0]} of the parts 0 to {counts[0] - 1} is missing" : "it is past the last part";
                throw new FilePlace(name.First().Path).Data($"{which}, and {found.Count} are there. Fetch all of them.");
            }
        }
        return paths;
    }

    private static long Number(Match match, string group) => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<name>.+)-(?<index>[0-9]{1,9})-of-(?<count>[0-9]{1,9})(?:-[0-9a-f]+)?\.[a-z]+$")]
    private static partial Regex Form();
}
