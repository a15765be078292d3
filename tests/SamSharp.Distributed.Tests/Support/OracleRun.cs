using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace SamSharp.Distributed.Tests.Support;

/// <summary>The weights of all scenarios from one job, since starting processes takes longer than training them.</summary>
internal sealed class OracleRun
{
    private static readonly ConcurrentDictionary<(string Mpi, int Size), Lazy<OracleRun>> Runs = new();

    private readonly Dictionary<(string Recipe, int Rank), double[]> _weights = [];

    private OracleRun(string mpi, int size)
    {
        using var folder = new TemporaryFolder();
        MpiRun.Run(mpi, size, "oracle", folder.Path).Successful();
        foreach (var recipe in Scenario.Recipes)
        {
            for (var rank = 0; rank < size; rank++)
                _weights[(recipe, rank)] = MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(FileOf(folder.Path, recipe, rank))).ToArray();
        }
    }

    public static OracleRun Of(string mpi, int size) => Runs.GetOrAdd((mpi, size), key => new(() => new OracleRun(key.Mpi, key.Size))).Value;

    /// <summary>Trains every scenario as a member of a group, and writes the weights.</summary>
    public static void Write(ProcessGroup group, string folder)
    {
        foreach (var recipe in Scenario.Recipes)
            File.WriteAllBytes(FileOf(folder, recipe, group.Rank), MemoryMarshal.AsBytes(new Scenario(recipe).Train(group).AsSpan()));
    }

    public double[] Weights(string recipe, int rank) => _weights[(recipe, rank)];

    private static string FileOf(string folder, string recipe, int rank) => Path.Combine(folder, $"{recipe}.{rank}");
}
