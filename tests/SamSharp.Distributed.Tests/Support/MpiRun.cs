using System.Diagnostics;
using System.Globalization;

namespace SamSharp.Distributed.Tests.Support;

/// <summary>This assembly's workers under mpirun.</summary>
internal static class MpiRun
{
    public const string OpenMpi = "Open MPI", Mpich = "MPICH";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, (string[] Names, string Sign)> Launchers = new()
    {
        [OpenMpi] = (["mpirun.openmpi", "mpirun"], "Open MPI"),
        [Mpich] = (["mpirun.mpich", "mpiexec.hydra", "mpirun"], "HYDRA"),
    };

    public static IEnumerable<string> Implementations => Launchers.Keys;

    /// <summary>Skips the test where an implementation is not installed.</summary>
    public static void SkipWithout(string mpi) => Skip.If(Find(mpi) is null, $"{mpi} is not installed");

    /// <summary>Runs a work of this assembly.</summary>
    public static RunResult Run(string mpi, int size, params string[] work) => Finish(Start(mpi, size, [], work));

    /// <summary>Runs a work of this assembly with variables of its own.</summary>
    public static RunResult RunWith((string Name, string Value)[] environment, string mpi, int size, params string[] work) =>
        Finish(Start(mpi, size, environment, work));

    public static Process Start(string mpi, int size, (string Name, string Value)[] environment, params string[] work)
    {
        string[] oversubscribed = mpi == OpenMpi ? ["--oversubscribe"] : [];
        return Start([Find(mpi)!, .. oversubscribed, "-n", size.ToString(CultureInfo.InvariantCulture), .. Worker, .. work], environment);
    }

    /// <summary>Runs a work without a launcher.</summary>
    public static RunResult RunAlone((string Name, string Value)[] environment, params string[] work) =>
        Finish(Start([.. Worker, .. work], environment));

    public static RunResult Finish(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            var watch = Stopwatch.StartNew();
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"The job still ran after {Limit}: {output.Result}{error.Result}");
            }
            return new RunResult(process.ExitCode, output.Result, error.Result, watch.Elapsed);
        }
    }

    private static string[] Worker => [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", typeof(MpiRun).Assembly.Location];

    private static Process Start(string[] command, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static string? Find(string mpi) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Launchers[mpi].Names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(path => File.Exists(path) && Says(path, Launchers[mpi].Sign));

    private static bool Says(string launcher, string sign)
    {
        var start = new ProcessStartInfo(launcher, "--version") { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text.Contains(sign, StringComparison.Ordinal);
    }
}

/// <summary>What a job left.</summary>
internal sealed record RunResult(int ExitCode, string Output, string Error, TimeSpan Time)
{
    /// <summary>Fails the test unless the job went well.</summary>
    public RunResult Successful()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Output}{Error}");
        return this;
    }
}
