using System.Runtime.InteropServices;
using System.Text;

namespace SamSharp.Distributed.Mpi;

/// <summary>The functions of the machine's MPI that are used, found at run time.</summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>More than any implementation's MPI_MAX_LIBRARY_VERSION_STRING and MPI_MAX_ERROR_STRING.</summary>
    private const int LongestText = 8192;

    private static readonly string[] Relatives = ["MPICH", "Intel(R) MPI", "MVAPICH", "Microsoft MPI"];

    private readonly nint _handle;
    private readonly delegate* unmanaged<byte*, int*, int> _version;
    private readonly delegate* unmanaged<int*, int> _initialized, _finalized;
    private readonly delegate* unmanaged<int*, nint, int, int*, int> _initThread;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly delegate* unmanaged<nint, int*, int> _commRank, _commSize;
    private readonly delegate* unmanaged<nint, nint, int> _setErrorHandler;
    private readonly delegate* unmanaged<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged<nint, nint, int, nint, nint, nint, int> _allreduce;
    private readonly delegate* unmanaged<nint, nint, int, nint, nint, nint, nint*, int> _startAllreduce;
    private readonly delegate* unmanaged<nint*, int*, nint, int> _test;
    private readonly delegate* unmanaged<nint*, nint, int> _wait;
    private readonly delegate* unmanaged<nint, int, nint, int, nint, int> _broadcast;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly delegate* unmanaged<int> _queryCuda;

    public MpiLibrary(nint handle, string name)
    {
        (_handle, Name) = (handle, name);
        _version = (delegate* unmanaged<byte*, int*, int>)Find("MPI_Get_library_version");
        _initialized = (delegate* unmanaged<int*, int>)Find("MPI_Initialized");
        _finalized = (delegate* unmanaged<int*, int>)Find("MPI_Finalized");
        _initThread = (delegate* unmanaged<int*, nint, int, int*, int>)Find("MPI_Init_thread");
        _finalize = (delegate* unmanaged<int>)Find("MPI_Finalize");
        _commRank = (delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_rank");
        _commSize = (delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_size");
        _setErrorHandler = (delegate* unmanaged<nint, nint, int>)Find("MPI_Comm_set_errhandler");
        _errorString = (delegate* unmanaged<int, byte*, int*, int>)Find("MPI_Error_string");
        _allreduce = (delegate* unmanaged<nint, nint, int, nint, nint, nint, int>)Find("MPI_Allreduce");
        _startAllreduce = (delegate* unmanaged<nint, nint, int, nint, nint, nint, nint*, int>)Find("MPI_Iallreduce");
        _test = (delegate* unmanaged<nint*, int*, nint, int>)Find("MPI_Test");
        _wait = (delegate* unmanaged<nint*, nint, int>)Find("MPI_Wait");
        _broadcast = (delegate* unmanaged<nint, int, nint, int, nint, int>)Find("MPI_Bcast");
        _abort = (delegate* unmanaged<nint, int, int>)Find("MPI_Abort");
        _queryCuda = NativeLibrary.TryGetExport(handle, "MPIX_Query_cuda_support", out var query) ? (delegate* unmanaged<int>)query : null;
        Version = Text((text, length) => Check(_version((byte*)text, (int*)length), "MPI_Get_library_version"));
        Family = FamilyOf(Version);
        Constants = MpiConstants.Of(Family, handle);
    }

    /// <summary>The file that was loaded.</summary>
    public string Name { get; }

    /// <summary>What the library calls itself.</summary>
    public string Version { get; }

    public MpiFamily Family { get; }

    private MpiConstants Constants { get; }

    public bool IsInitialized => Flag(_initialized, "MPI_Initialized");

    public bool IsFinalized => Flag(_finalized, "MPI_Finalized");

    /// <summary>Whether sums may be taken in the memory of a CUDA device.</summary>
    public bool ReadsCudaMemory => _queryCuda is not null && _queryCuda() == 1;

    public int Rank => Number(_commRank, "MPI_Comm_rank");

    public int Size => Number(_commSize, "MPI_Comm_size");

    /// <summary>Starts MPI with at least MPI_THREAD_SERIALIZED, so that any thread may call it, one at a time: code after an
    /// await may run on another thread.</summary>
    public void Init()
    {
        const int serialized = 2;
        int provided;
        Check(_initThread(null, 0, serialized, &provided), "MPI_Init_thread");
        Check(_setErrorHandler(Constants.World, Constants.ErrorsReturn), "MPI_Comm_set_errhandler");
        if (provided < serialized)
            throw new MpiException($"{Name} offers thread level {provided}; MPI_THREAD_SERIALIZED, {serialized}, is needed.");
    }

    public void Finish() => Check(_finalize(), "MPI_Finalize");

    public void Sum(nint memory, int count, bool isDouble) =>
        Check(_allreduce(Constants.InPlace, memory, count, TypeOf(isDouble), Constants.Sum, Constants.World), "MPI_Allreduce");

    /// <returns>The request, which <see cref="Test"/> and <see cref="Wait"/> take.</returns>
    public nint StartSum(nint memory, int count, bool isDouble)
    {
        nint request = 0;
        Check(_startAllreduce(Constants.InPlace, memory, count, TypeOf(isDouble), Constants.Sum, Constants.World, &request), "MPI_Iallreduce");
        return request;
    }

    /// <summary>Whether a sum has come. If so, the request has been freed.</summary>
    public bool Test(ref nint request)
    {
        int done;
        fixed (nint* own = &request) Check(_test(own, &done, Constants.StatusIgnore), "MPI_Test");
        return done != 0;
    }

    public void Wait(ref nint request)
    {
        fixed (nint* own = &request) Check(_wait(own, Constants.StatusIgnore), "MPI_Wait");
    }

    public void Broadcast(nint memory, int bytes) => Check(_broadcast(memory, bytes, Constants.Byte, 0, Constants.World), "MPI_Bcast");

    /// <summary>Ends the job, on all machines. Does not return where MPI is under way.</summary>
    public void Abort() => _ = _abort(Constants.World, 1);

    /// <summary>Which binary interface a library has, by what it calls itself.</summary>
    /// <exception cref="MpiException">It is none of those known.</exception>
    public static MpiFamily FamilyOf(string version) =>
        version.StartsWith("Open MPI", StringComparison.Ordinal) ? MpiFamily.OpenMpi
        : Relatives.Any(name => version.Contains(name, StringComparison.Ordinal))
            ? MpiFamily.Mpich
        : version.Contains("ABI", StringComparison.Ordinal) ? MpiFamily.Standard
        : throw new MpiException($"'{version}' is not an implementation of MPI that is known here: Open MPI, MPICH, Intel MPI, MVAPICH, MS-MPI.");

    private nint TypeOf(bool isDouble) => isDouble ? Constants.Double : Constants.Float;

    private nint Find(string name) => NativeLibrary.TryGetExport(_handle, name, out var address) ? address
        : throw new MpiException($"{Name} has no {name}: it is not a library of MPI 3 or later.");

    private static bool Flag(delegate* unmanaged<int*, int> function, string name)
    {
        int flag;
        if (function(&flag) is not 0 and var code) throw new MpiException($"{name} failed with error {code}.");
        return flag != 0;
    }

    private int Number(delegate* unmanaged<nint, int*, int> function, string name)
    {
        int number;
        Check(function(Constants.World, &number), name);
        return number;
    }

    private void Check(int code, string function)
    {
        if (code == 0) return;
        throw new MpiException($"{function} failed: {Text((text, length) => _ = _errorString(code, (byte*)text, (int*)length))}");
    }

    private static string Text(Action<nint, nint> read)
    {
        var text = stackalloc byte[LongestText];
        var length = 0;
        read((nint)text, (nint)(&length));
        return Encoding.UTF8.GetString(text, length).TrimEnd('\0', '\n', ' ');
    }
}
