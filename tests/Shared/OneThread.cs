using System.Runtime.CompilerServices;

namespace SamSharp.Tests.Shared;

internal static class OneThread
{
    // The models here are too small to share, and threads that wait for each other are slow on a busy machine.
    [ModuleInitializer]
    internal static void Use() => TorchSharp.torch.set_num_threads(1);
}
