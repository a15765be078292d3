using System.CommandLine;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>Options that stand together in the help.</summary>
/// <param name="Title">What they are about.</param>
internal sealed record OptionGroup(string Title, IReadOnlyList<Option> Options)
{
    /// <summary>The group with further options in front.</summary>
    public OptionGroup Prepend(params Option[] options) => this with { Options = [.. options, .. Options] };

    /// <summary>The group with further options at the end.</summary>
    public OptionGroup Append(params Option[] options) => this with { Options = [.. Options, .. options] };
}
