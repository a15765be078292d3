using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>How many training rows a run has: so many, so many of each class, or all. Written <c>100</c>, <c>16/class</c>, <c>all</c>.</summary>
/// <param name="Number">The number; null: all.</param>
/// <param name="PerClass">Whether it counts the rows of each class.</param>
[JsonConverter(typeof(Json))]
public readonly record struct RowCount(int? Number, bool PerClass = false)
{
    private const string All = "all", OfEach = "/class";

    private const int MostClasses = 100;

    public static implicit operator RowCount(int? number) => new(number);

    /// <exception cref="ArgumentException">The text is none of the forms.</exception>
    public static RowCount Parse(string text)
    {
        if (text == All)
            return default;
        var perClass = text.EndsWith(OfEach, StringComparison.Ordinal);
        return int.TryParse(perClass ? text[..^OfEach.Length] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new(number, perClass)
            : throw new ArgumentException($"--rows has '{text}': give numbers of at least 1, such as 100, or 16{OfEach}, or {All}.");
    }

    public override string ToString() =>
        Number is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number}{(PerClass ? OfEach : "")}") : All;

    /// <summary>Its place in tables and plots: numbers of a class come before others, and all last.</summary>
    public (bool, int) Place => (!PerClass, Number ?? int.MaxValue);

    /// <summary>So many of the rows, shuffled by the seed. Of each class they are the first ones in that order.</summary>
    /// <param name="rows">All training rows.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="task">The task's name, for messages.</param>
    /// <exception cref="ArgumentException">There are too few rows, or they have no classes.</exception>
    public IReadOnlyList<TaskExample> Draw(IReadOnlyList<TaskExample> rows, int seed, string task)
    {
        var shuffled = TrainingRows.Shuffle(rows, seed);
        if (Number is not { } number)
            return shuffled;
        if (!PerClass)
        {
            return number <= shuffled.Length
                ? shuffled[..number]
                : throw new ArgumentException($"--rows has {this}, but {task} has only {shuffled.Length} training rows besides those for " +
                    "validation.");
        }
        var classes = shuffled.GroupBy(row => row.Target).ToList();
        if (classes.Count > MostClasses)
            throw new ArgumentException($"--rows has {this}: {task} has {classes.Count} different targets, which are no classes.");
        if (classes.FirstOrDefault(one => one.Count() < number) is { } small)
            throw new ArgumentException($"--rows has {this}, but {task} has only {small.Count()} training rows of '{small.Key}' besides those for " +
                "validation.");
        var taken = classes.SelectMany(one => one.Take(number)).ToHashSet(ReferenceEqualityComparer.Instance);
        return [.. shuffled.Where(taken.Contains)];
    }

    // A number where it is one, as in the files of earlier versions.
    private sealed class Json : JsonConverter<RowCount>
    {
        public override bool HandleNull => true;

        public override RowCount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Null => default,
            JsonTokenType.Number => reader.GetInt32(),
            _ => Parse(reader.GetString()!),
        };

        public override void Write(Utf8JsonWriter writer, RowCount value, JsonSerializerOptions options)
        {
            if (value.PerClass) writer.WriteStringValue(value.ToString());
            else if (value.Number is { } number) writer.WriteNumberValue(number);
            else writer.WriteNullValue();
        }
    }
}
