using Xunit;
using Xunit.Sdk;

namespace SamSharp.Tests.Needs;

/// <summary>A test that needs something that not every machine has. It may be skipped for other reasons while it runs.</summary>
[XunitTestCaseDiscoverer("SamSharp.Tests.Needs.NeedingFacts", "SamSharp.Tests.Needs")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactThatNeedsAttribute : FactAttribute
{
    /// <summary>A name of <see cref="Need"/>.</summary>
    public required string What { get; set; }
}

/// <summary>A theory that needs something that not every machine has. It may be skipped for other reasons while it runs.</summary>
[XunitTestCaseDiscoverer("SamSharp.Tests.Needs.NeedingTheories", "SamSharp.Tests.Needs")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class TheoryThatNeedsAttribute : TheoryAttribute
{
    /// <summary>A name of <see cref="Need"/>.</summary>
    public required string What { get; set; }
}
