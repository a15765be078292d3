using System.Runtime.ExceptionServices;

namespace SamSharp.Distributed;

/// <summary>A group of threads of this process, each with its own copy of the model: to try and to test data-parallel training without MPI. It is
/// not faster than one thread, since each uses all cores already.</summary>
/// <remarks>The members share libtorch's default random numbers, so that dropout is not reproducible over threads.</remarks>
public sealed class LocalGroup : ProcessGroup
{
    /// <summary>Each member is a thread.</summary>
    private const int MostMembers = 1024;

    private LocalGroup(ITransport transport) : base(transport, "threads")
    {
    }

    /// <summary>Runs the same work on every member, each in its own thread, and waits for all.</summary>
    /// <param name="size">The number of members, from 1 to 1024.</param>
    /// <param name="work">The work; its argument is the member's group.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    /// <exception cref="Exception">The first that a member threw. The others were called off.</exception>
    public static void Run(int size, Action<ProcessGroup> work)
    {
        if (size is < 1 or > MostMembers) throw new ArgumentOutOfRangeException(nameof(size), size, $"size must lie in [1, {MostMembers}].");
        ArgumentNullException.ThrowIfNull(work);
        using var meeting = new ThreadMeeting(size);
        var threads = Enumerable.Range(0, size)
            .Select(rank => new Thread(() => RunMember(meeting, rank, work)) { Name = $"member {rank}" }).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (meeting.Failure is { } failure) ExceptionDispatchInfo.Throw(failure);
    }

    private static void RunMember(ThreadMeeting meeting, int rank, Action<ProcessGroup> work)
    {
        try
        {
            using var group = new LocalGroup(new ThreadTransport(meeting, rank));
            work(group);
            meeting.Leave();
        }
#pragma warning disable CA1031 // whatever a member throws, the caller of Run gets it
        catch (Exception e)
#pragma warning restore CA1031
        {
            meeting.Fail(e);
        }
    }
}
