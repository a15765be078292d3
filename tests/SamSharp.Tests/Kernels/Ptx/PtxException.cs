namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>PTX that a GPU would not run, or would run wrongly. It is not what the kernels' caller catches, so it always ends the test.</summary>
internal sealed class PtxException(string problem) : Exception(problem);
