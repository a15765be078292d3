using System.Runtime.CompilerServices;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>
/// A launch in progress: its blocks run one after another, and the threads of a block take turns, each up to the next barrier. The order of threads
/// alternates from barrier to barrier, that of blocks from launch to launch. Every access is checked.
/// </summary>
internal sealed unsafe class PtxBlock(PtxProgram program, PtxMemory memory, byte[] parameters)
{
    private const int BranchesBack = 5_000_000;

    private readonly PtxKernel _kernel = program.Kernel;
    private readonly Site[] _sites = new Site[program.Kernel.Body.Count];
    private readonly byte[] _shared = new byte[program.Kernel.Shared.Sum(variable => variable.Bytes)];
    private readonly PtxRaces _races = new(program.Kernel.Shared.Sum(variable => variable.Bytes));
    private int _branches;

    /// <summary>What an instruction accessed last: its next access mostly lies there too.</summary>
    private struct Site
    {
        public ulong Start, Bytes;
        public nint Host;
    }

    /// <summary>The block's number.</summary>
    public uint Number { get; private set; }

    /// <summary>The registers that keep their values across barriers, thread by thread.</summary>
    public PtxFrames Frames { get; } = new(program, (int)program.Kernel.Threads);

    /// <summary>Runs the blocks.</summary>
    public void Run(uint blocks, bool backwards)
    {
        fixed (byte* shared = _shared, arguments = parameters)
        {
            (Shared, Arguments) = ((nint)shared, (nint)arguments);
            for (var i = 0u; i < blocks; i++)
            {
                Number = backwards ? blocks - 1 - i : i;
                RunThreads();
            }
        }
    }

    private nint Shared { get; set; }

    private nint Arguments { get; set; }

    /// <summary>Where an access to global memory goes.</summary>
    public nint Global(PtxAccess access)
    {
        var (site, address, bytes, thread, _) = access;
        if ((address & (bytes - 1)) != 0) throw Problem(site, $"{bytes} bytes at 0x{address:x} are not aligned");
        ref var last = ref _sites[site];
        var offset = address - last.Start;
        if (offset >= last.Bytes || last.Bytes - offset < bytes)
        {
            try
            {
                var buffer = memory.Find(address, bytes);
                last = new() { Start = buffer.Start, Bytes = buffer.Bytes, Host = buffer.Host };
                offset = address - last.Start;
            }
            catch (PtxException e)
            {
                throw Problem(site, $"block {Number}, thread {thread}: {e.Message}");
            }
        }
        return last.Host + (nint)offset;
    }

    /// <summary>Where an access to shared memory goes.</summary>
    public nint SharedAt(PtxAccess access)
    {
        var offset = Offset(_kernel.Shared, access);
        return _races.Find(offset, (int)access.Bytes, access.Thread, access.Write) is { } race
            ? throw Problem(access.Site, race) : Shared + offset;
    }

    /// <summary>Where a read of a parameter goes.</summary>
    public nint Parameter(PtxAccess access) =>
        access.Write ? throw Problem(access.Site, "a parameter is written") : Arguments + Offset(_kernel.Parameters, access);

    /// <summary>Counts a branch back, so that no loop lasts forever.</summary>
    public void Branch()
    {
        if (++_branches > BranchesBack) throw new PtxException($"{_kernel.Name}: a loop does not end.");
    }

    public static T Read<T>(nint address, int offset)
        where T : unmanaged => Unsafe.ReadUnaligned<T>((void*)(address + offset));

    public static void Write<T>(nint address, int offset, T value)
        where T : unmanaged => Unsafe.WriteUnaligned((void*)(address + offset), value);

    private void RunThreads()
    {
        Array.Fill(_shared, (byte)0xff);
        _races.Reset();
        var at = 0;
        for (var interval = 0; at != PtxProgram.End; interval++)
        {
            var (next, first) = (PtxProgram.End, true);
            for (var i = 0u; i < _kernel.Threads; i++)
            {
                var thread = interval % 2 == 0 ? i : _kernel.Threads - 1 - i;
                _branches = 0;
                var stopped = program.Run(this, thread, at);
                if (first) (next, first) = (stopped, false);
                else if (stopped != next)
                    throw new PtxException($"{_kernel.Name}: thread {thread} waits at {Where(stopped)}, while others wait at {Where(next)}.");
            }
            at = next;
            _races.Barrier();
        }
    }

    private string Where(int stopped) => stopped == PtxProgram.End ? "the end" : $"{_kernel.Body[stopped - 1]}";

    private int Offset(IReadOnlyList<PtxVariable> variables, PtxAccess access)
    {
        var (site, address, bytes, _, _) = access;
        if ((address & (bytes - 1)) != 0) throw Problem(site, $"{bytes} bytes at 0x{address:x} are not aligned");
        var start = 0;
        foreach (var variable in variables)
        {
            var offset = address - variable.Address;
            if (offset < (ulong)variable.Bytes && (ulong)variable.Bytes - offset >= bytes) return start + (int)offset;
            start += (variable.Bytes + 7) / 8 * 8;
        }
        throw Problem(site, $"{bytes} bytes at 0x{address:x} lie in none of {string.Join(", ", variables.Select(variable => variable.Name))}");
    }

    private PtxException Problem(int site, string problem) => new($"{_kernel.Name}, {_kernel.Body[site]}: {problem}.");
}

/// <summary>One access of one thread.</summary>
/// <param name="Site">The instruction's place in the body.</param>
/// <param name="Address">Where it begins.</param>
/// <param name="Bytes">How much it reads or writes: a power of 2.</param>
/// <param name="Thread">The thread.</param>
/// <param name="Write">Whether it writes.</param>
internal readonly record struct PtxAccess(int Site, ulong Address, uint Bytes, uint Thread, bool Write);
