namespace SamSharp.Tests.Architecture;

/// <summary>Circles among folders.</summary>
internal static class FolderCircles
{
    /// <summary>Each circle as a text, with the types that make its arrows; empty when there is none.</summary>
    public static IReadOnlyList<string> In(IEnumerable<TypeUse> uses)
    {
        var arrows = uses.Where(use => use.Folders.From != use.Folders.To).ToLookup(use => use.Folders);
        var next = arrows.Select(arrow => arrow.Key).ToLookup(arrow => arrow.From, arrow => arrow.To);
        var circles = new List<string>();
        var seen = new HashSet<string>();
        foreach (var folder in next.Select(group => group.Key).Order(StringComparer.Ordinal))
        {
            var circle = WayBack(folder, next);
            if (circle is null || !seen.Add(string.Join(' ', circle.Order(StringComparer.Ordinal)))) continue;
            circles.Add(string.Join(Environment.NewLine, circle.Zip(circle.Skip(1).Append(circle[0]), (from, to) =>
                $"{from} -> {to}: {string.Join(", ", TextsOf(arrows[(from, to)]).Take(5))}")));
        }
        return circles;
    }

    private static IEnumerable<string> TextsOf(IEnumerable<TypeUse> uses) =>
        uses.Select(use => $"{use.From} uses {use.Type}").Order(StringComparer.Ordinal);

    /// <summary>The shortest way from a folder back to itself, or null.</summary>
    private static List<string>? WayBack(string folder, ILookup<string, string> next)
    {
        var ways = new Queue<List<string>>([[folder]]);
        var visited = new HashSet<string>();
        while (ways.TryDequeue(out var way))
        {
            foreach (var to in next[way[^1]])
            {
                if (to == folder) return way;
                if (visited.Add(to)) ways.Enqueue([.. way, to]);
            }
        }
        return null;
    }
}
