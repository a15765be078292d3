using SamSharp.Samples.FineTuneT5.Comparison;

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
    public void More_rows_than_there_are_are_refused()
        => Assert.Contains("701", Assert.Throws<ArgumentException>(() =>
            ComparedTask.Load("sentences", 100, 100).TrainingRowsOf(Trial with { Rows = 702 })).Message, StringComparison.Ordinal);
}
