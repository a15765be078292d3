using System.Globalization;

namespace SamSharp.Distributed.Mpi;

/// <summary>Who has started this process, as its environment tells.</summary>
/// <param name="Family">The implementation whose launcher it is; null where the launcher serves several.</param>
/// <param name="Size">The number of processes that it has started.</param>
/// <param name="Sign">The variable that says so.</param>
internal sealed record Launcher(MpiFamily? Family, int Size, string Sign)
{
    /// <summary>The variable that names the implementation, or the library's file, where the launcher leaves the choice.</summary>
    public const string Choice = "SAMSHARP_MPI";

    private static readonly (string Name, MpiFamily? Family)[] Signs =
    [
        ("OMPI_COMM_WORLD_SIZE", MpiFamily.OpenMpi),
        ("MV2_COMM_WORLD_SIZE", MpiFamily.Mpich),
        ("PMI_SIZE", MpiFamily.Mpich), // mpiexec of MPICH, Intel MPI and MS-MPI; srun --mpi=pmi2
        ("SLURM_STEP_NUM_TASKS", null), // srun --mpi=pmix
    ];

    /// <summary>The launcher, or null if the process was started alone.</summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    /// <exception cref="InvalidOperationException">A variable does not hold a number.</exception>
    public static Launcher? Find(Func<string, string?> variable)
    {
        foreach (var (name, family) in Signs)
        {
            if (variable(name) is not { Length: > 0 } text) continue;
            // srun sets its variables for a single task, too, and for mpirun started in an allocation they are those of the batch step.
            if (family is null && variable("SLURM_PROCID") is null) continue;
            return int.TryParse(text, CultureInfo.InvariantCulture, out var size) && size > 0 ? new Launcher(family, size, name)
                : throw new InvalidOperationException($"{name} is '{text}', which is not a number of processes.");
        }
        return null;
    }

    /// <summary>The names under which to look for the library.</summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    /// <exception cref="InvalidOperationException">The launcher serves several implementations, and none was chosen.</exception>
    public IReadOnlyList<string> Libraries(Func<string, string?> variable) => (variable(Choice), Family) switch
    {
        ("openmpi", _) => NamesOf(MpiFamily.OpenMpi),
        ("mpich", _) => NamesOf(MpiFamily.Mpich),
        ("abi", _) => NamesOf(MpiFamily.Standard),
        ({ Length: > 0 } file, _) => [file],
        (_, { } family) => [.. NamesOf(family), .. NamesOf(MpiFamily.Standard)],
        _ => throw new InvalidOperationException($"{Sign} says that this is one of {Size} processes, but not which MPI they use. " +
            $"Set {Choice} to openmpi, mpich, abi or the path of the library."),
    };

    private static string[] NamesOf(MpiFamily family) => family switch
    {
        MpiFamily.OpenMpi => OperatingSystem.IsMacOS() ? ["libmpi.40.dylib", "libmpi.dylib"] : ["libmpi.so.40"],
        MpiFamily.Mpich => OperatingSystem.IsWindows() ? ["msmpi.dll", "impi.dll"]
            : OperatingSystem.IsMacOS() ? ["libmpi.12.dylib", "libpmpi.12.dylib"] : ["libmpich.so.12", "libmpi.so.12"],
        _ => OperatingSystem.IsWindows() ? ["mpi_abi.dll"] : OperatingSystem.IsMacOS() ? ["libmpi_abi.0.dylib"] : ["libmpi_abi.so.0"],
    };
}
