using System.Reflection;
using System.Text.RegularExpressions;

namespace SamSharp;

/// <summary>A recipe that can be chosen by name, in a configuration file or on a command line.</summary>
public sealed partial record RecipeInfo
{
    internal RecipeInfo(MethodInfo method)
    {
        var published = method.GetCustomAttribute<PublishedAttribute>()
            ?? throw new InvalidOperationException($"Recipe.{method.Name} needs a [Published] attribute.");
        Method = method;
        (Name, Title) = (WordStart().Replace(method.Name, "-").ToLowerInvariant(), published.Title);
        (Source, Passes, Memory) = (published.Source, published.Passes, published.Memory);
        Arguments = [.. method.GetParameters().Select(parameter => parameter.Name!)];
    }

    internal MethodInfo Method { get; }

    /// <summary>The name of the method of <see cref="Recipe"/> in lower case, with hyphens: "gsam", "friendly-sam".</summary>
    public string Name { get; }

    /// <summary>The name that its authors use, or a descriptive one.</summary>
    public string Title { get; }

    /// <summary>Authors and year, or the code that it follows.</summary>
    public string Source { get; }

    /// <summary>Forward and backward passes beyond the base optimizer's one.</summary>
    public string Passes { get; }

    /// <summary>Peak memory in copies of the perturbed parameters, beyond what the base optimizer needs.</summary>
    public string Memory { get; }

    /// <summary>The arguments of the method of <see cref="Recipe"/>, in its order.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>Whether the recipe needs no argument.</summary>
    public bool HasDefaults => Method.GetParameters().All(parameter => parameter.HasDefaultValue);

    /// <summary>Makes the recipe.</summary>
    /// <param name="arguments">Values by the names of <see cref="Arguments"/>; numbers of any type. The others keep their defaults.</param>
    /// <exception cref="ArgumentException">An argument is unknown, missing, or of the wrong type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public SharpnessAwareOptions Create(IReadOnlyDictionary<string, object?>? arguments = null)
    {
        var unknown = arguments?.Keys.FirstOrDefault(name => !Arguments.Contains(name));
        if (unknown is not null)
            throw new ArgumentException($"Recipe '{Name}' has no argument '{unknown}'. It has: {string.Join(", ", Arguments)}.", nameof(arguments));
        var values = Method.GetParameters().Select(parameter => ValueOf(parameter, arguments)).ToArray();
        return (SharpnessAwareOptions)Method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, values, null)! with { Name = Name };
    }

    private object? ValueOf(ParameterInfo parameter, IReadOnlyDictionary<string, object?>? arguments)
    {
        if (arguments?.TryGetValue(parameter.Name!, out var given) != true)
        {
            if (parameter.HasDefaultValue) return parameter.DefaultValue;
            throw new ArgumentException($"Recipe '{Name}' needs the argument '{parameter.Name}', a {Describe(parameter.ParameterType)}.");
        }
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        if (given is null ? !parameter.ParameterType.IsValueType || type != parameter.ParameterType : type.IsInstanceOfType(given)) return given;
        if (given is IConvertible and not string && type.IsPrimitive)
        {
            var converted = Convert.ChangeType(given, type, System.Globalization.CultureInfo.InvariantCulture);
            if (Convert.ToDouble(converted, null) == Convert.ToDouble(given, null)) return converted;
        }
        throw new ArgumentException($"Argument '{parameter.Name}' of recipe '{Name}' is {given ?? "null"}; it must be a {Describe(type)}.");
    }

    private static string Describe(Type type) => type switch
    {
        _ when type == typeof(double) => "number",
        _ when type.IsPrimitive => "whole number",
        _ when type.IsAssignableTo(typeof(Delegate)) => "function",
        _ when type == typeof(string) => "text",
        _ when type.IsGenericType && type.IsAssignableTo(typeof(System.Collections.IEnumerable)) => "list",
        _ => $"value of type {type.Name}",
    };

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordStart();
}
