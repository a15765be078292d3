using SamSharp.Samples.FineTuneEncoder.Setup;

namespace SamSharp.Samples.FineTuneEncoder.Tests;

public class NativeHeapTests
{
    [Fact]
    public void The_c_library_takes_the_thresholds() => Assert.Null(Record.Exception(NativeHeap.KeepFreedMemory));
}
