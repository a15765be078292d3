using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

/// <summary>The built FineTuneT5 as a process.</summary>
internal static class FineTuneProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>The program's file, which the build writes into this assembly.</summary>
    public static string File { get; } = typeof(FineTuneProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "FineTuneT5").Value!;

    public static ProgramResult Run(params string[] arguments) => Finish(Start(arguments));

    /// <summary>Runs the program with environment variables of its own.</summary>
    public static ProgramResult RunWith((string Name, string Value)[] environment, params string[] arguments)
        => Finish(StartWith(environment, arguments));

    public static Process StartWith((string Name, string Value)[] environment, params string[] arguments) =>
        Start(Host, [File, .. arguments], environment);

    public static Process Start(params string[] arguments) => Start(Host, [File, .. arguments]);

    /// <summary>Runs the program in several processes.</summary>
    /// <param name="launcher">mpirun, and what it is told.</param>
    /// <param name="arguments">What each process is told.</param>
    public static ProgramResult RunUnder(string[] launcher, params string[] arguments) => Finish(Start(launcher[0],
        [.. launcher[1..], Host, File, .. arguments], ("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")));

    /// <summary>
    /// Runs the program under a shell's limit on the size of a file, in blocks of 1,024 bytes, as if the disk were full beyond.
    /// The runtime maps its own code through a larger file unless told not to.
    /// </summary>
    public static ProgramResult RunWithFileLimit(int blocks, params string[] arguments)
        => Finish(Start("bash", ["-c", $"ulimit -f {blocks}; trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; exec \"$0\" \"$@\"",
            Host, File, .. arguments]));

    /// <summary>Presses Ctrl-C.</summary>
    public static void Interrupt(Process process) => Assert.Equal(0, Kill(process.Id, InterruptSignal));

    /// <summary>Waits until something has happened while the program runs.</summary>
    public static void WaitFor(Process process, Func<bool> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            if (process.HasExited || waited.Elapsed > Limit)
                Assert.Fail($"It did not come that far. {Finish(process)}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Whether a file is there and holds something.</summary>
    public static bool HasContent(string path) => System.IO.File.Exists(path) && new FileInfo(path).Length > 0;

    /// <summary>Runs the command that the program gives to go on after it was stopped, as a user does.</summary>
    public static ProgramResult GoOn(ProgramResult stopped)
    {
        const string mark = "To go on: ";
        var command = Assert.Single(stopped.Error.Split('\n'), line => line.StartsWith(mark, StringComparison.Ordinal))[mark.Length..];
        return Finish(Start("bash", ["-c", command]));
    }

    public static ProgramResult Finish(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Limit))
            {
                process.Kill();
                throw new TimeoutException($"FineTuneT5 still ran after {Limit}: {output.Result}{error.Result}");
            }
            return new ProgramResult(process.ExitCode, output.Result, error.Result);
        }
    }

    private const int InterruptSignal = 2;

    // The program of that name belongs to procps, which a small system lacks.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);

    private static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static Process Start(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        // A shell's background job, and all that it starts, does not hear Ctrl-C: the program is to hear it here wherever the tests run.
        string[] command = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", program, .. arguments] : [program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        // Several of these run at once, and threads that wait for each other on a busy machine are slow.
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
