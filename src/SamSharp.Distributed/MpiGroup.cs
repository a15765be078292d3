using SamSharp.Distributed.Mpi;

namespace SamSharp.Distributed;

/// <summary>
/// The processes that <c>mpirun</c>, <c>mpiexec</c> or <c>srun</c> has started: <c>mpirun -n 4 dotnet Program.dll</c>. The machine's MPI is
/// loaded at run time: Open MPI 4 or 5, MPICH or a relative of it. Without a launcher it is a group of one, and no MPI is needed.
/// </summary>
/// <example><code>
/// return MpiGroup.Run(group =>
/// {
///     var model = MakeModel();
///     group.Broadcast(model);
///     var recipe = Recipe.Sam(0.05) with { Exchange = group.Gradients(model: model) };
///     using var optimizer = new SharpnessAwareOptimizer(torch.optim.AdamW(model.parameters()), recipe);
///     foreach (var shard in ShardsOf(group.Rank, group.Size)) optimizer.Step(() => Backward(shard));
/// });
/// </code></example>
public sealed class MpiGroup : ProcessGroup
{
    private static int _isOpen;

    private readonly UnhandledExceptionEventHandler? _abort;

    private MpiGroup(ITransport transport, string library) : base(transport, Environment.MachineName)
    {
        Library = library;
        if (transport is not MpiTransport) return;
        _abort = (_, e) => Abort(this, e.ExceptionObject);
        AppDomain.CurrentDomain.UnhandledException += _abort;
    }

    /// <summary>What the MPI library calls itself, or "none" in a group of one that was started without a launcher.</summary>
    public string Library { get; }

    /// <summary>Joins the group. An exception that nothing handles ends the whole job; one that leaves an async Main does not, since the
    /// group is disposed first: use <see cref="Run"/> there. A process can join once.</summary>
    /// <exception cref="MpiException">MPI is missing, is of another implementation than the launcher, was started or ended before in this process,
    /// or has found another number of processes than the launcher has started.</exception>
    public static MpiGroup Init() => Init(Environment.GetEnvironmentVariable);

    /// <summary>Joins the group, runs the work of this process and leaves the group. An exception ends the whole job with its message and
    /// exit code 1: the other processes would wait for this one forever.</summary>
    /// <param name="work">The work.</param>
    /// <returns>0, the exit code of a process that has done its work.</returns>
    /// <exception cref="Exception">What the work has thrown, in a group of one.</exception>
    public static int Run(Action<MpiGroup> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var group = Init();
        try
        {
            work(group);
        }
        catch (Exception e) when (group.Transport is MpiTransport)
        {
            Abort(group, e);
            Environment.Exit(1);
        }
        return 0;
    }

    /// <summary>Ends the whole job, on all machines, with a message and exit code 1.</summary>
    /// <param name="reason">Why.</param>
    public void Abort(string reason) => Transport.Abort($"Process {Rank} of {Size} ends the job: {reason}");

    internal static MpiGroup Init(Func<string, string?> variable)
    {
        if (Launcher.Find(variable) is not { } launcher) return new MpiGroup(new AloneTransport(), "none");
        var library = MpiLoader.Load(launcher, variable);
        if (library.IsFinalized)
            throw new MpiException("MPI has ended in this process, and cannot be started twice. Join the group once, and keep it until " +
                "the program ends.");
        if (Interlocked.Exchange(ref _isOpen, 1) == 1 || library.IsInitialized)
            throw new MpiException("MPI has been started in this process already. Join the group once, and pass it on.");
        library.Init();
        if (library.Size != launcher.Size)
        {
            var size = library.Size;
            library.Finish();
            throw new MpiException($"{launcher.Sign} says that {launcher.Size} processes were started, but {library.Name} ({library.Version}) " +
                $"has found {size}. The launcher belongs to another MPI, and each process would train alone: use the mpirun of the library's own " +
                $"installation, or set {Launcher.Choice} to the launcher's library.");
        }
        return new MpiGroup(new MpiTransport(library), library.Version);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_abort is not null) AppDomain.CurrentDomain.UnhandledException -= _abort;
        base.Dispose(disposing);
    }

    private static void Abort(MpiGroup group, object exception) => group.Abort(exception.ToString() ?? exception.GetType().Name);
}
