using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class ComparedTaskTests
{
    private static readonly Trial Trial = new("sentences", "adafactor", "base", 100, 10, 1, 0.02, 0, 0, Tuning: false);

    [Fact]
    public void Its_three_parts_share_no_row()
    {
        var task = ComparedTask.Load("sentences", validationRows: 150, testRows: 120);
        Assert.Equal((801 - 150, 150, 120), (task.Training.Count, task.Validation.Count, task.Test.Count));
        string[] all = [.. task.Training.Concat(task.Validation).Concat(task.Test).Select(row => row.Input)];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Validation_takes_at_most_a_quarter_of_the_training_rows()
        => Assert.Equal(200, ComparedTask.Load("sentences", validationRows: 5000, testRows: 1).Validation.Count);

    [Fact]
    public void More_rows_are_a_superset_of_fewer_and_the_seed_decides_which()
    {
        var task = ComparedTask.Load("sentences", 100, 100);
        var few = task.TrainingRowsOf(Trial);
        Assert.Equal(100, few.Count);
        Assert.Equal(few, task.TrainingRowsOf(Trial with { Rows = 300 }).Take(100));
        Assert.Equal(few, task.TrainingRowsOf(Trial with { Contender = "sam", Rho = 0.1, Tuning = true }));
        Assert.NotEqual(few, task.TrainingRowsOf(Trial with { Seed = 2 }));
        Assert.Equal(task.Training.Count, task.TrainingRowsOf(Trial with { Rows = null }).Count);
    }

    [Fact]
    public void So_many_rows_of_each_class_are_the_first_ones_of_the_shuffle()
    {
        var task = ComparedTask.Load("sentences", 100, 100);
        var all = task.TrainingRowsOf(Trial with { Rows = null });
        var few = task.TrainingRowsOf(Trial with { Rows = RowCount.Parse("16/class") });
        Assert.Equal(all.GroupBy(row => row.Target).SelectMany(one => one.Take(16)).Order(Place(all)), few);
        Assert.All(few.CountBy(row => row.Target), one => Assert.Equal(16, one.Value));
        Assert.Equal(few, few.Order(Place(all)));
        Assert.Equal(3.0, Wrong(few, task.TrainingRowsOf(Trial with { Rows = RowCount.Parse("16/class"), LabelNoise = 3.0 / few.Count })));
        var label = all.CountBy(row => row.Target).MinBy(one => one.Value);
        Assert.Contains($"only {label.Value} training rows of '{label.Key}'", Assert.Throws<ArgumentException>(() =>
            task.TrainingRowsOf(Trial with { Rows = new(label.Value + 1, PerClass: true) })).Message, StringComparison.Ordinal);
    }

    private static int Wrong(IReadOnlyList<TaskExample> rows, IReadOnlyList<TaskExample> noisy) =>
        rows.Zip(noisy).Count(pair => pair.First != pair.Second);

    private static Comparer<TaskExample> Place(IReadOnlyList<TaskExample> all)
    {
        var places = all.Index().ToDictionary(row => row.Item, row => row.Index);
        return Comparer<TaskExample>.Create((one, other) => places[one].CompareTo(places[other]));
    }

    [Theory]
    [InlineData("100", 100, false)]
    [InlineData("16/class", 16, true)]
    [InlineData("all", null, false)]
    public void A_number_of_rows_is_read_as_it_is_written(string text, int? number, bool perClass)
    {
        Assert.Equal(new RowCount(number, perClass), RowCount.Parse(text));
        Assert.Equal(text, $"{RowCount.Parse(text)}");
        var json = System.Text.Json.JsonSerializer.Serialize(RowCount.Parse(text));
        Assert.Equal(perClass ? $"\"{text}\"" : number is null ? "null" : text, json);
        Assert.Equal(RowCount.Parse(text), System.Text.Json.JsonSerializer.Deserialize<RowCount>(json));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("16/label")]
    [InlineData("/class")]
    [InlineData("")]
    public void Another_number_of_rows_is_refused(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<ArgumentException>(() => RowCount.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void More_rows_than_there_are_are_refused()
        => Assert.Contains("701", Assert.Throws<ArgumentException>(() =>
            ComparedTask.Load("sentences", 100, 100).TrainingRowsOf(Trial with { Rows = 702 })).Message, StringComparison.Ordinal);
}
