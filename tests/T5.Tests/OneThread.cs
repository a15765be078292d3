using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests;

internal static class OneThread
{
    // The models here are too small to share, and threads that wait for each other are slow on a busy machine.
    [ModuleInitializer]
    internal static void Use() => set_num_threads(1);
}
