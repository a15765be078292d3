namespace SamSharp.Tests.Needs;

/// <summary>What some tests need and not every machine has.</summary>
public static class Need
{
    /// <summary>Real data files that are not in the repository.</summary>
    public const string Data = "data";

    /// <summary>A launcher of MPI programs.</summary>
    public const string Mpi = "MPI";

    private static readonly string[] Launchers = ["mpirun.openmpi", "mpirun.mpich", "mpirun", "mpiexec.hydra"];

    /// <summary>The folder of the data: SAMSHARP_DATA, or shared/data beside the repository; null if there is none.</summary>
    public static string? DataFolder { get; } = FindData();

    /// <summary>What is missing; null if it is here.</summary>
    public static string? Missing(string need) => need switch
    {
        Data when DataFolder is null => "There is no data folder: set SAMSHARP_DATA, or put shared/data beside the repository.",
        Mpi when !Launchers.Any(IsProgram) => "MPI is not installed: openmpi-bin and libopenmpi3, or mpich and libmpich12.",
        Data or Mpi => null,
        _ => throw new ArgumentException($"There is no need '{need}'."),
    };

    private static bool IsProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, name)));

    private static string? FindData()
    {
        if (Environment.GetEnvironmentVariable("SAMSHARP_DATA") is { Length: > 0 } named)
            return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate))
                return candidate;
        }
        return null;
    }
}
