using System.Diagnostics;
using SamSharp.Distributed.Tests.Support;
using SamSharp.Tests.Needs;
using SamSharp.Tests.Support;

namespace SamSharp.Distributed.Tests;

/// <summary>Processes that fail, are killed, or part.</summary>
[Trait("Category", "Reliability")]
public class FailureTests
{
    private const string Steps = "40";

    public static TheoryData<string> Implementations => [.. MpiRun.Implementations];

    private static int Kills => Campaign.IsLong ? 20 : 2;

    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void An_exception_in_one_closure_ends_the_job_with_its_message(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        using var folder = new TemporaryFolder();
        var run = MpiRun.Run(mpi, 2, "throw", folder.File("weights"));
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("Process 1 of 2 ends the job", run.Error, StringComparison.Ordinal);
        Assert.Contains("the data of step 2 cannot be read", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("weights")));
    }

    /// <summary>The message arrives even if the launcher hears of the end before it has read anything.</summary>
    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void An_exception_that_leaves_Main_ends_the_job(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        foreach (var work in new[] { "unhandled", "unhandled, a slow launcher" })
        {
            var run = MpiRun.Run(mpi, 2, work);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains("nobody handles this", run.Error, StringComparison.Ordinal);
        }
    }

    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void Copies_of_the_model_that_part_are_found(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        var run = MpiRun.Run(mpi, 2, "parted");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("no longer those of member 1", run.Error, StringComparison.Ordinal);
        Assert.Contains("step 3", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("step 4", run.Output, StringComparison.Ordinal);
    }

    /// <summary>A killed process takes the job with it, and the job goes on from its last checkpoint as if nothing had happened, bit for
    /// bit.</summary>
    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void A_job_whose_process_is_killed_ends_and_resumes(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        using var whole = new TemporaryFolder();
        MpiRun.Run(mpi, 2, "train", whole.Path, Steps, "0").Successful();
        var random = new Random(17);
        var (killed, longest) = (0, TimeSpan.Zero);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var folder = new TemporaryFolder();
            using (var job = MpiRun.Start(mpi, 2, [], "train", folder.Path, Steps, "25"))
            {
                var victim = WaitForWorker(job, random.Next(2));
                Thread.Sleep(random.Next(3500)); // starting takes about a second, training another
                victim.Kill();
                var watch = Stopwatch.StartNew();
                var run = MpiRun.Finish(job);
                if (run.ExitCode == 0)
                {
                    Assert.Contains("done", run.Output, StringComparison.Ordinal); // it was faster
                }
                else
                {
                    killed++;
                    longest = watch.Elapsed > longest ? watch.Elapsed : longest;
                    Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"the job still ran {watch.Elapsed} after the kill");
                }
            }
            MpiRun.Run(mpi, 2, "train", folder.Path, Steps, "0").Successful();
            foreach (var file in Directory.EnumerateFiles(Path.Combine(whole.Path, $"step{Steps}")).Select(Path.GetFileName))
            {
                Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Path, $"step{Steps}", file!)),
                    File.ReadAllBytes(Path.Combine(folder.Path, $"step{Steps}", file!)));
            }
        }
        Assert.True(killed > 0, "every job was done before its process was killed");
        Campaign.Record($"Jobs of {mpi} with a killed process", Kills,
            $"resumed bit for bit; {killed} were killed before their end, and ended at most {longest.TotalSeconds:F1} s later");
    }

    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void A_second_job_keeps_out_of_the_folder_of_the_first(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        using var folder = new TemporaryFolder();
        using var first = MpiRun.Start(mpi, 2, [], "train", folder.Path, Steps, "200");
        while (!File.Exists(folder.File("lock"))) Thread.Sleep(50);
        var second = MpiRun.Run(mpi, 2, "train", folder.Path, Steps, "0");
        Assert.NotEqual(0, second.ExitCode);
        Assert.Contains("Another job trains in", second.Error, StringComparison.Ordinal);
        MpiRun.Finish(first).Successful();
        Assert.True(Directory.Exists(folder.File($"step{Steps}")));
    }

    /// <summary>A process of the job that runs this assembly, once it is there.</summary>
    private static Process WaitForWorker(Process job, int index)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(1); Thread.Sleep(20))
        {
            var workers = Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
                .Where(id => id > 0 && id != job.Id && IsWorkerOf(id, job.Id)).Order().ToArray();
            if (workers.Length == 2) return Process.GetProcessById(workers[index]);
        }
        throw new TimeoutException("The job did not start its processes.");
    }

    private static bool IsWorkerOf(int id, int job)
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{id}/cmdline").Split('\0');
            return Path.GetFileName(arguments[0]) == "dotnet" && arguments.Contains(typeof(FailureTests).Assembly.Location) && DescendsFrom(id, job);
        }
        catch (IOException)
        {
            return false; // it has ended meanwhile
        }
    }

    private static bool DescendsFrom(int id, int ancestor)
    {
        while (id > 1)
        {
            if (id == ancestor) return true;
            var stat = File.ReadAllText($"/proc/{id}/stat");
            id = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        return false;
    }
}
