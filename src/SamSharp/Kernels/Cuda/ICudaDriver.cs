namespace SamSharp.Kernels.Cuda;

/// <summary>The part of NVIDIA's driver API that is used, with its names and results: 0 is success, anything else an error.</summary>
internal unsafe interface ICudaDriver
{
    int Init();

    int DeviceGet(out int device, int ordinal);

    int DevicePrimaryCtxRetain(out nint context, int device);

    int CtxPushCurrent(nint context);

    int CtxPopCurrent(out nint context);

    /// <param name="module">The module made.</param>
    /// <param name="image">PTX, as text that ends with a zero byte.</param>
    int ModuleLoadData(out nint module, byte* image);

    int ModuleGetFunction(out nint function, nint module, string name);

    /// <summary>Launches a grid and blocks of one dimension on the legacy default stream.</summary>
    int LaunchKernel(nint function, uint blocks, uint threads, void** arguments);

    /// <summary>The name of an error.</summary>
    string ErrorName(int error);
}
