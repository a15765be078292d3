using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace SamSharp.Samples.FineTuneT5.CommandLine;

/// <summary>Creates command-line options with a description and the name of the value. What they refuse they refuse in a sentence.</summary>
internal static class OptionFactory
{
    public static Option<string> Text(string name, string value, string byDefault, string description)
        => new(name) { Description = description, HelpName = value, DefaultValueFactory = _ => byDefault };

    public static Option<string?> Optional(string name, string value, string description)
        => new(name) { Description = description, HelpName = value };

    public static Option<T> Number<T>(string name, string value, T byDefault, string description)
    {
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = value,
            CustomParser = argument => Parse<T>(name, argument.Tokens[0].Value, argument),
        };
        if (byDefault is not null)
            option.DefaultValueFactory = _ => byDefault;
        return option;
    }

    /// <summary>An option with one or more whole numbers.</summary>
    public static Option<int[]> Numbers(string name, string value, string description, params int[] byDefault) => new(name)
    {
        Description = description,
        HelpName = value,
        DefaultValueFactory = _ => byDefault,
        CustomParser = argument => [.. argument.Tokens.Select(token => Parse<int>(name, token.Value, argument))],
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };

    public static Option<bool> Flag(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = argument =>
        {
            if (argument.Tokens.Count == 0)
                return true;
            if (!bool.TryParse(argument.Tokens[0].Value, out var value))
                argument.AddError($"{name} is '{argument.Tokens[0].Value}': it takes no value, or true or false.");
            return value;
        },
    };

    /// <summary>An option with one of a few values.</summary>
    /// <param name="name">The name.</param>
    /// <param name="description">The description.</param>
    /// <param name="byDefault">The default.</param>
    /// <param name="values">All values.</param>
    public static Option<string> Choice(string name, string description, string byDefault, params IEnumerable<string> values) =>
        Among(Text(name, string.Join('|', values), byDefault, description), [.. values]);

    /// <summary>An option with one of a few values, or none.</summary>
    public static Option<string?> OptionalChoice(string name, string description, params string[] values) =>
        Among(Optional(name, string.Join('|', values), description), values);

    /// <summary>An option with one or more values.</summary>
    public static Option<string[]> Several(string name, string value, string description)
        => new(name) { Description = description, HelpName = value, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

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

    private static Option<T> Among<T>(Option<T> option, string[] values)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => !values.Contains(token.Value)) is { } other)
                result.AddError($"{option.Name} is '{other.Value}': it must be {string.Join(" or ", values)}.");
        });
        option.CompletionSources.Add(values);
        return option;
    }

    // The default parser reads a comma as a thousands separator, which makes 0,05 a radius of 5.
    private static T Parse<T>(string name, string text, ArgumentResult argument)
    {
        var isWhole = typeof(T) == typeof(int) || typeof(T) == typeof(int?);
        object? number = isWhole
            ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : null;
        if (number is T parsed)
            return parsed;
        argument.AddError($"{name} is '{text}': it must be {(isWhole ? "a whole number, such as 100" : "a number, such as 0.05")}.");
        return default!;
    }
}
