using System.Collections.Concurrent;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace SamSharp.Tests.Needs;

/// <summary>
/// Finds tests that need something. Where it is missing, the first of them is skipped and says so for all; the others are not listed, since
/// a hundred skipped tests hide one that failed.
/// </summary>
internal static class NeedingTests
{
    private static readonly ConcurrentDictionary<string, bool> Said = new();

    public static IEnumerable<IXunitTestCase> Find(
        IMessageSink sink, ITestFrameworkDiscoveryOptions options, ITestMethod method, IAttributeInfo attribute, IXunitTestCaseDiscoverer tests)
    {
        var need = attribute.GetNamedArgument<string>(nameof(FactThatNeedsAttribute.What));
        if (Need.Missing(need) is not { } missing)
            return tests.Discover(options, method, attribute);
        return Said.TryAdd(need, true)
            ? [new XunitSkippedDataRowTestCase(sink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method,
                $"{missing} This test and all others that need it are left out.")]
            : [];
    }
}

/// <summary>Finds the tests of <see cref="FactThatNeedsAttribute"/>.</summary>
public sealed class NeedingFacts(IMessageSink sink) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        NeedingTests.Find(sink, discoveryOptions, testMethod, factAttribute, new SkippableFactDiscoverer(sink));
}

/// <summary>Finds the tests of <see cref="TheoryThatNeedsAttribute"/>.</summary>
public sealed class NeedingTheories(IMessageSink sink) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        NeedingTests.Find(sink, discoveryOptions, testMethod, factAttribute, new SkippableTheoryDiscoverer(sink));
}
