using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

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
        var option = new Option<T>(name) { Description = description, HelpName = value, CustomParser = argument => Parse<T>(name, argument) };
        if (byDefault is not null)
            option.DefaultValueFactory = _ => byDefault;
        return option;
    }

    // The default parser reads a comma as a thousands separator, which makes 0,05 a radius of 5.
    private static T Parse<T>(string name, ArgumentResult argument)
    {
        var (text, isWhole) = (argument.Tokens[0].Value, typeof(T) == typeof(int) || typeof(T) == typeof(int?));
        object? number = isWhole
            ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : null;
        if (number is T parsed)
            return parsed;
        argument.AddError($"{name} is '{text}': it must be {(isWhole ? "a whole number, such as 100" : "a number, such as 0.05")}.");
        return default!;
    }

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = Text(name, string.Join('|', values), values[0], description);
        return option.AcceptOnlyFromAmong(values);
    }

    /// <summary>An option whose value is checked.</summary>
    /// <param name="option">The option.</param>
    /// <param name="objection">Says what is wrong with a value; null if nothing is.</param>
    public static Option<string> Checked(Option<string> option, Func<string, string?> objection)
    {
        option.Validators.Add(result =>
        {
            if (objection(result.GetValueOrDefault<string>()) is { } wrong)
                result.AddError(wrong);
        });
        return option;
    }

    /// <summary>An option with one or more values.</summary>
    public static Option<string[]> Several(string name, string value, string description)
        => new(name) { Description = description, HelpName = value, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
}
