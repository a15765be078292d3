using System.Reflection;

namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>What the running program is called, before its messages.</summary>
public static class ProgramName
{
    public static string Text { get; } = Assembly.GetEntryAssembly()?.GetName().Name ?? "FineTuneT5";
}
