namespace SamSharp.Samples.T5.Tests;

/// <summary>Tests that seed the generator which the whole process shares; nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public class GlobalRandomNumbers
{
    public const string Name = "Global random numbers";
}
