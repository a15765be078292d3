using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.MixedPrecision;

/// <summary>
/// libtorch's functions for autocast, which TorchSharp does not bind. They take and return bytes and ints only, so that they can be called
/// through pointers under the names that C++ compilers give them.
/// </summary>
internal sealed unsafe class AutocastFunctions
{
    private static readonly Lazy<nint> Library = new(LoadedLibrary);
    private static readonly Lazy<AutocastFunctions> Libtorch = new(() => new(FindInLibtorch));

    private readonly delegate* unmanaged<sbyte, byte> _isEnabled;
    private readonly delegate* unmanaged<sbyte, byte, void> _setEnabled;
    private readonly delegate* unmanaged<sbyte, sbyte> _getDtype;
    private readonly delegate* unmanaged<sbyte, sbyte, void> _setDtype;
    private readonly delegate* unmanaged<int> _increment, _decrement;
    private readonly delegate* unmanaged<void> _clearCache;

    /// <param name="find">The address of an exported function, or 0.</param>
    public AutocastFunctions(Func<string, nint> find)
    {
        Missing = Names.FirstOrDefault(name => find(name) == 0);
        if (Missing is not null) return;
        var addresses = Array.ConvertAll(Names, name => find(name));
        _isEnabled = (delegate* unmanaged<sbyte, byte>)addresses[0];
        _setEnabled = (delegate* unmanaged<sbyte, byte, void>)addresses[1];
        _getDtype = (delegate* unmanaged<sbyte, sbyte>)addresses[2];
        _setDtype = (delegate* unmanaged<sbyte, sbyte, void>)addresses[3];
        _increment = (delegate* unmanaged<int>)addresses[4];
        _decrement = (delegate* unmanaged<int>)addresses[5];
        _clearCache = (delegate* unmanaged<void>)addresses[6];
    }

    /// <summary>The functions of the libtorch in this process.</summary>
    public static AutocastFunctions OfLibtorch => Libtorch.Value;

    /// <summary>The functions' names, as GCC and Clang write them and as Microsoft's compiler does.</summary>
    public static string[] Names { get; } = OperatingSystem.IsWindows()
        ?
        [
            "?is_autocast_enabled@autocast@at@@YA_NW4DeviceType@c10@@@Z",
            "?set_autocast_enabled@autocast@at@@YAXW4DeviceType@c10@@_N@Z",
            "?get_autocast_dtype@autocast@at@@YA?AW4ScalarType@c10@@W4DeviceType@4@@Z",
            "?set_autocast_dtype@autocast@at@@YAXW4DeviceType@c10@@W4ScalarType@4@@Z",
            "?increment_nesting@autocast@at@@YAHXZ",
            "?decrement_nesting@autocast@at@@YAHXZ",
            "?clear_cache@autocast@at@@YAXXZ",
        ]
        :
        [
            "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE",
            "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb",
            "_ZN2at8autocast18get_autocast_dtypeEN3c1010DeviceTypeE",
            "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE",
            "_ZN2at8autocast17increment_nestingEv",
            "_ZN2at8autocast17decrement_nestingEv",
            "_ZN2at8autocast11clear_cacheEv",
        ];

    /// <summary>The first name that libtorch does not export; null if it exports all, and only then may the functions be called.</summary>
    public string? Missing { get; }

    public AutocastSetting this[DeviceType device]
    {
        get => new(_isEnabled((sbyte)device) != 0, (ScalarType)_getDtype((sbyte)device));
        set
        {
            _setEnabled((sbyte)device, value.IsEnabled ? (byte)1 : (byte)0);
            _setDtype((sbyte)device, (sbyte)value.Dtype);
        }
    }

    /// <summary>The number of scopes that are open on this thread.</summary>
    public int Depth
    {
        get
        {
            _increment();
            return _decrement();
        }
    }

    /// <summary>Opens a scope.</summary>
    /// <returns>Its depth, from 1.</returns>
    public int Enter() => _increment();

    /// <summary>Closes scopes until <paramref name="depth"/> are open. Closing the outermost frees the cache.</summary>
    public void LeaveTo(int depth)
    {
        var open = Depth;
        if (open <= depth) return;
        while (open > depth) open = _decrement();
        if (open == 0) _clearCache();
    }

    /// <summary>Frees the 16-bit copies of weights, of all threads.</summary>
    public void ClearCache() => _clearCache();

    private static nint FindInLibtorch(string name) =>
        Library.Value != 0 && NativeLibrary.TryGetExport(Library.Value, name, out var address) ? address : 0;

    /// <summary>The library that TorchSharp has loaded, found by its path: another copy of the file would be another library.</summary>
    private static nint LoadedLibrary()
    {
        InitializeDeviceType(DeviceType.CPU);
        var file = OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";
        using var process = Process.GetCurrentProcess();
        var loaded = process.Modules.Cast<ProcessModule>().FirstOrDefault(module => module.ModuleName == file)?.FileName;
        return NativeLibrary.TryLoad(loaded ?? file, out var library) ? library : 0;
    }
}

/// <summary>Whether autocast is on for a kind of device, and to which type it casts then.</summary>
internal readonly record struct AutocastSetting(bool IsEnabled, ScalarType Dtype);
