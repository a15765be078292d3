using System.Reflection;
using Xunit.Sdk;

namespace SamSharp;

/// <summary>
/// Opens a dispose scope around each test of the class: its tensors are held until it ends, so that a collection on another thread frees none during
/// a native call.
/// </summary>
[InDisposeScope]
[AttributeUsage(AttributeTargets.Class)]
public sealed class TensorScopeAttribute : BeforeAfterTestAttribute
{
    [ThreadStatic]
    private static TorchSharp.DisposeScope? _scope;

    public override void Before(MethodInfo methodUnderTest) => _scope = TorchSharp.torch.NewDisposeScope();

    public override void After(MethodInfo methodUnderTest)
    {
        _scope?.Dispose();
        _scope = null;
    }
}
