namespace SamSharp.Kernels.Cuda;

/// <summary>The environment variable that turns the kernels off.</summary>
internal static class CudaSwitch
{
    /// <summary>Its name.</summary>
    public const string Variable = "SAMSHARP_CUDA_KERNELS";

    /// <summary>Why the kernels are off; null if they are on. An unknown value turns them off, since whoever sets one wants that.</summary>
    /// <param name="value">The variable's value, null or empty if it is not set.</param>
    public static string? Reason(string? value) => value?.Trim().ToUpperInvariant() switch
    {
        null or "" or "1" or "TRUE" or "ON" => null,
        "0" or "FALSE" or "OFF" => $"{Variable} is {value}",
        _ => $"{Variable} is '{value}', where 0 turns the kernels off and 1 leaves them on",
    };
}
