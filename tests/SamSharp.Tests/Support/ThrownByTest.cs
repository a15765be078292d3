namespace SamSharp.Tests.Support;

/// <summary>What a test's closure throws: no code under test throws it, so that it can only have come through.</summary>
internal sealed class ThrownByTest : Exception;
