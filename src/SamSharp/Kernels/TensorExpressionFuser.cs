using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// libtorch's fuser of pointwise operators. On a GPU it compiles a TorchScript function again after its first calls: a pause in the middle of
/// training, and perhaps another last bit from then on, so that a resumed run would differ from one that never stopped. This library's
/// functions are compiled without it; other TorchScript of the process keeps it.
/// </summary>
internal static unsafe class TensorExpressionFuser
{
    private static readonly Lock Lock = new();
    private static readonly delegate* unmanaged<byte, void> Set;
    private static readonly delegate* unmanaged<byte> Get;
    private static readonly Scope Scopes = new(); // a scope holds nothing
    private static int _scopes;
    private static bool _before;

    static TensorExpressionFuser()
    {
        // libtorch has them for C++ alone: under the names that GCC and Clang, and Visual C++, give them.
        var (library, set, get) = OperatingSystem.IsWindows()
            ? ("torch_cpu.dll", "?setTensorExprFuserEnabled@jit@torch@@YAX_N@Z", "?tensorExprFuserEnabled@jit@torch@@YA_NXZ")
            : (OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so", "_ZN5torch3jit25setTensorExprFuserEnabledEb",
                "_ZN5torch3jit22tensorExprFuserEnabledEv");
        InitializeDeviceType(TorchSharp.DeviceType.CPU); // which loads libtorch
        if (!NativeLibrary.TryLoad(library, typeof(Tensor).Assembly, null, out var torch)) return;
        if (!NativeLibrary.TryGetExport(torch, set, out var setter) || !NativeLibrary.TryGetExport(torch, get, out var getter)) return;
        Set = (delegate* unmanaged<byte, void>)setter;
        Get = (delegate* unmanaged<byte>)getter;
    }

    /// <summary>Whether it is on; null where libtorch does not tell.</summary>
    public static bool? IsOn => Get == null ? null : Get() != 0;

    /// <summary>Scopes opened so far.</summary>
    internal static long Opened { get; private set; }

    /// <summary>Switches it off until the scope is disposed of, which must happen once; the last scope to end switches it on
    /// again, if it was on.</summary>
    public static IDisposable Off()
    {
        lock (Lock)
        {
            Opened++;
            if (_scopes++ == 0 && Set != null)
            {
                _before = Get() != 0;
                Set(0);
            }
        }
        return Scopes;
    }

    private sealed class Scope : IDisposable
    {
        public void Dispose()
        {
            lock (Lock)
            {
                if (--_scopes == 0 && Set != null && _before) Set(1);
            }
        }
    }
}
