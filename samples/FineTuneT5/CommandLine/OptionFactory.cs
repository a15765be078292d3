using System.CommandLine;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>Creates command-line options with a description and the name of the value.</summary>
internal static class OptionFactory
{
    public static Option<string> Text(string name, string value, string byDefault, string description)
        => new(name) { Description = description, HelpName = value, DefaultValueFactory = _ => byDefault };

    public static Option<string?> Optional(string name, string value, string description)
        => new(name) { Description = description, HelpName = value };

    public static Option<T> Number<T>(string name, string value, T byDefault, string description)
    {
        var option = new Option<T>(name) { Description = description, HelpName = value };
        if (byDefault is not null)
            option.DefaultValueFactory = _ => byDefault;
        return option;
    }

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = Text(name, string.Join('|', values), values[0], description);
        return option.AcceptOnlyFromAmong(values);
    }

    /// <summary>An option with one or more values.</summary>
    public static Option<string[]> Several(string name, string value, string description)
        => new(name) { Description = description, HelpName = value, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
}
