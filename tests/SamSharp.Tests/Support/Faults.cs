using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace SamSharp.Tests.Support;

/// <summary>Collects errors that are not in our words: what .NET and libtorch say of a mistake that nobody looked for.</summary>
/// <param name="tried">A type of the tests whose errors count as ours; null for none.</param>
internal sealed class Faults(Type? tried = null)
{
    private static readonly Type[] Ours =
    [
        typeof(ArgumentException), typeof(InvalidOperationException), typeof(NotSupportedException), typeof(InvalidDataException),
        typeof(IOException), typeof(UnauthorizedAccessException), typeof(OperationCanceledException),
    ];

    private static readonly string[] Foreign =
    [
        "Exception raised from", "Index was out", "Sequence contains", "Nullable object", "must be less than or equal to '", "same key has already",
        "Destination array", "Source array", "was not present in the dictionary",
    ];

    private readonly SortedSet<string> _texts = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Texts => _texts;

    public void AssertNone() => Assert.True(_texts.Count == 0, string.Join(Environment.NewLine, _texts));

    /// <summary>Calls by reflection.</summary>
    /// <param name="what">What is called.</param>
    /// <param name="allowsLibtorch">Whether libtorch's errors are expected.</param>
    /// <param name="call">Calls it.</param>
    public void Note(string what, bool allowsLibtorch, Action call)
    {
        try
        {
            call();
        }
        catch (Exception e)
        {
            var error = e;
            while (error is TargetInvocationException or TypeInitializationException && error.InnerException is { } inner) error = inner;
            if (IsOurs(error) || (allowsLibtorch && error is ExternalException) || IsOfTheTest(error)) return;
            _texts.Add($"{what}: {error.GetType().Name}: {error.Message.Split('\n')[0]} {Place(error)}");
        }
    }

    private static bool IsOurs(Exception error) => Ours.Any(type => type.IsInstanceOfType(error)) && error is not EndOfStreamException
        && !Foreign.Any(text => error.Message.Contains(text, StringComparison.Ordinal));

    /// <summary>Whether a function that the tests passed threw it, or made TorchSharp throw it.</summary>
    private bool IsOfTheTest(Exception error)
    {
        var frames = new StackTrace(error).GetFrames().Select(frame => frame.GetMethod()?.DeclaringType).OfType<Type>();
        var first = frames.FirstOrDefault(type => type.Assembly.GetName().Name!.StartsWith("SamSharp", StringComparison.Ordinal));
        return first?.Assembly == typeof(Faults).Assembly && first != tried;
    }

    private static string Place(Exception error) => string.Join(" < ", new StackTrace(error).GetFrames().Select(frame => frame.GetMethod())
        .Where(method => method?.DeclaringType?.Namespace?.StartsWith("SamSharp", StringComparison.Ordinal) == true).Take(3)
        .Select(method => $"{method!.DeclaringType!.Name}.{method.Name}"));
}
