using SamSharp.Samples.T5.Monitoring;
using SamSharp.Tests.Needs;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

/// <summary>The program under mpirun, where it is installed.</summary>
public sealed class SeveralProcessesTests : IDisposable
{
    private static readonly string[] Short = ["--model", "tiny", "--train-rows", "40", "--batch", "6", "--log-every", "1",
        "--max-source-length", "24", "--save-every", "2"];

    private static readonly string[][] Launchers = [["mpirun.openmpi", "--oversubscribe", "-n", "2"], ["mpirun.mpich", "-n", "2"]];

    private readonly TemporaryFolder _folder = new();

    /// <summary>Without SAM and dropout, two processes on half of each batch train as one on all of it, up to rounding.</summary>
    [TheoryThatNeeds(What = Need.Mpi)]
    [InlineData("mpirun.openmpi")]
    [InlineData("mpirun.mpich")]
    public void Two_processes_train_together(string launcher)
    {
        string[] arguments = [.. Short, "--steps", "4", "--rho", "0", "--dropout", "0"];
        var two = FineTuneProgram.RunUnder(Find(launcher), [.. arguments, "--output", In("two")]).Expect(0);
        FineTuneProgram.Run([.. arguments, "--output", In("one")]).Expect(0);
        Assert.Contains("2 processes", two.Output, StringComparison.Ordinal);
        Assert.Contains("sequences/s", two.Output, StringComparison.Ordinal);
        Assert.Equal(2, two.Output.Split("step 4/4").Length); // one of them prints
        var losses = Losses("two");
        Assert.Equal(4, losses.Length);
        foreach (var (expected, actual) in Losses("one").Zip(losses)) Assert.Equal(expected, actual, 1e-4);
    }

    /// <summary>A recipe whose history is each process's own goes on from a checkpoint bit for bit.</summary>
    [FactThatNeeds(What = Need.Mpi)]
    public void A_resumed_run_equals_one_that_was_not_interrupted()
    {
        var launcher = Find("mpirun.openmpi");
        string[] arguments = [.. Short, "--recipe", "vasso"];
        FineTuneProgram.RunUnder(launcher, [.. arguments, "--steps", "4", "--output", In("whole")]).Expect(0);
        FineTuneProgram.RunUnder(launcher, [.. arguments, "--steps", "2", "--output", In("parts")]).Expect(0);
        FineTuneProgram.RunUnder(launcher, [.. arguments, "--steps", "4", "--resume", "--output", In("parts")]).Expect(0);
        foreach (var file in new[] { "model.safetensors", "optimizer.rank0.bin", "optimizer.rank1.bin" })
        {
            var path = Path.Combine("checkpoints", "step-00000004", file);
            Assert.Equal(File.ReadAllBytes(Path.Combine(In("whole"), path)), File.ReadAllBytes(Path.Combine(In("parts"), path)));
        }
        var alone = FineTuneProgram.Run([.. arguments, "--steps", "4", "--resume", "--output", In("parts")]);
        Assert.NotEqual(0, alone.ExitCode);
        Assert.Contains("written by 2 processes", alone.Error, StringComparison.Ordinal);
    }

    [FactThatNeeds(What = Need.Mpi)]
    public void A_mistake_ends_all_processes_with_its_message()
    {
        var result = FineTuneProgram.RunUnder(Find("mpirun.openmpi"), ["--model", "tiny", "--train-rows", "8", "--batch", "1",
            "--steps", "2", "--output", In("none")]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("has none for some of 2 processes", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string In(string name) => Path.Combine(_folder.Path, name);

    private double[] Losses(string run) => [.. MetricsLog.Read(Path.Combine(In(run), "metrics.jsonl"))
        .Where(record => record.Split == "train" && record.Values.ContainsKey("loss")).Select(record => record.Values["loss"])];

    private static string[] Find(string launcher)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var found = folders.Any(path => File.Exists(Path.Combine(path, launcher)));
        Skip.IfNot(found, $"{launcher} is not installed");
        return Launchers.Single(command => command[0] == launcher);
    }
}
