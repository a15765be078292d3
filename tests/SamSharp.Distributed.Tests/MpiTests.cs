using SamSharp.Distributed.Mpi;
using SamSharp.Distributed.Tests.Support;
using SamSharp.Tests.Needs;

namespace SamSharp.Distributed.Tests;

/// <summary>MPI found, missing, wrong, started twice; processes that stop.</summary>
public class MpiTests
{
    public static TheoryData<string> Implementations => [.. MpiRun.Implementations];

    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void Every_process_knows_its_place(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        var lines = MpiRun.Run(mpi, 3, "library").Successful().Output.Split('\n');
        for (var rank = 0; rank < 3; rank++)
        {
            var line = Assert.Single(lines, line => line.Contains($" {rank}/3 local {rank}/3 3 of the first: äß", StringComparison.Ordinal));
            Assert.Contains(mpi, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_a_launcher_it_is_a_group_of_one() =>
        Assert.Contains("none 0/1 local 0/1", MpiRun.RunAlone([], "library").Successful().Output, StringComparison.Ordinal);

    /// <summary>.NET makes NullReferenceException of a signal, which MPI's transports would catch.</summary>
    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void A_null_reference_is_still_an_exception(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        Assert.Equal(2, MpiRun.Run(mpi, 2, "null").Successful().Output.Split("3 caught").Length - 1);
    }

    [TheoryThatNeeds(What = Need.Mpi)]
    [MemberData(nameof(Implementations))]
    public void It_is_joined_once(string mpi)
    {
        MpiRun.SkipWithout(mpi);
        Assert.Contains("started in this process already", MpiRun.Run(mpi, 2, "again").Successful().Output, StringComparison.Ordinal);
        Assert.Contains("cannot be started twice", MpiRun.Run(mpi, 2, "restart").Successful().Output, StringComparison.Ordinal);
    }

    /// <summary>The library of another implementation would start each process alone, as a group of one.</summary>
    [TheoryThatNeeds(What = Need.Mpi)]
    [InlineData(MpiRun.OpenMpi, "libmpich.so.12")]
    [InlineData(MpiRun.Mpich, "libmpi.so.40")]
    public void The_library_of_another_launcher_is_refused(string mpi, string other)
    {
        MpiRun.SkipWithout(MpiRun.OpenMpi);
        MpiRun.SkipWithout(MpiRun.Mpich);
        var run = MpiRun.RunWith([(Launcher.Choice, other)], mpi, 2, "library");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("The process was started by", run.Error, StringComparison.Ordinal);
        Assert.Contains(other, run.Error, StringComparison.Ordinal);
    }

    /// <summary>A launcher that is not known starts processes of which each finds itself alone.</summary>
    [FactThatNeeds(What = Need.Mpi)]
    public void Processes_that_find_themselves_alone_say_so()
    {
        MpiRun.SkipWithout(MpiRun.OpenMpi);
        var run = MpiRun.RunAlone([("SLURM_STEP_NUM_TASKS", "2"), ("SLURM_PROCID", "0"), (Launcher.Choice, "openmpi")], "library");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("2 processes were started", run.Error, StringComparison.Ordinal);
        Assert.Contains("has found 1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_library_is_named()
    {
        var run = MpiRun.RunAlone([("PMI_SIZE", "2"), (Launcher.Choice, "libnone.so.1")], "library");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("libnone.so.1", run.Error, StringComparison.Ordinal);
        Assert.Contains("libmpich12", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_MPI_is_refused()
    {
        var run = MpiRun.RunAlone([("PMI_SIZE", "2"), (Launcher.Choice, OperatingSystem.IsWindows() ? "kernel32.dll" : "libc.so.6")], "library");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("not a library of MPI", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Open MPI v4.1.4, package: Debian OpenMPI", "OpenMpi")]
    [InlineData("MPICH Version:\t4.0.2\nMPICH Release date:", "Mpich")]
    [InlineData("Intel(R) MPI Library 2021.12 for Linux* OS", "Mpich")]
    [InlineData("MVAPICH2 Version      :\t2.3.7", "Mpich")]
    [InlineData("Microsoft MPI 10.1.12498.18", "Mpich")]
    public void Implementations_are_known_by_what_they_call_themselves(string version, string family) =>
        Assert.Equal(family, MpiLibrary.FamilyOf(version).ToString());

    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4", "OpenMpi", 4)]
    [InlineData("PMI_SIZE=2", "Mpich", 2)]
    [InlineData("SLURM_STEP_NUM_TASKS=8 SLURM_PROCID=3 PMI_SIZE=8", "Mpich", 8)]
    [InlineData("SLURM_STEP_NUM_TASKS=8 SLURM_PROCID=3", null, 8)]
    [InlineData("SLURM_STEP_NUM_TASKS=8", null, 0)]
    [InlineData("", null, 0)]
    public void The_launcher_is_known_by_its_variables(string variables, string? family, int size)
    {
        var values = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        var launcher = Launcher.Find(values.GetValueOrDefault);
        Assert.Equal(size, launcher?.Size ?? 0);
        Assert.Equal(family, launcher?.Family?.ToString());
    }

    [Fact]
    public void A_launcher_of_any_MPI_asks_for_a_choice()
    {
        var launcher = new Launcher(null, 2, "SLURM_STEP_NUM_TASKS");
        var error = Assert.Throws<InvalidOperationException>(() => launcher.Libraries(_ => null));
        Assert.Contains(Launcher.Choice, error.Message, StringComparison.Ordinal);
        Assert.Equal(["/opt/mpi/libmpi.so"], launcher.Libraries(_ => "/opt/mpi/libmpi.so"));
        Assert.Throws<InvalidOperationException>(() => Launcher.Find(name => name == "PMI_SIZE" ? "many" : null));
    }
}
