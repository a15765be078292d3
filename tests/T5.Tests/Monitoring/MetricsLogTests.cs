using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.T5.Tests.Monitoring;

public class MetricsLogTests
{
    private static readonly MetricsRecord First = new(10, "train", new Dictionary<string, double> { ["loss"] = 1.0 / 3, ["learning_rate"] = 1e-3 });
    private static readonly MetricsRecord Second = new(20, "dev", new Dictionary<string, double> { ["accuracy"] = double.NaN });

    [Fact]
    public void Lines_are_json_on_disk_at_once_and_read_back_exactly()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "run", "metrics.jsonl");
        var log = new MetricsLog(path, []);
        log.Append(First);
        Assert.Equal("{\"step\":10,\"split\":\"train\",\"loss\":0.3333333333333333,\"learning_rate\":0.001}\n", File.ReadAllText(path));
        log.Append(Second);
        var read = MetricsLog.Read(path);
        Assert.Equal(2, read.Count);
        Assert.Equal((10, "train", 1.0 / 3), (read[0].Step, read[0].Split, read[0].Values["loss"]));
        Assert.True(double.IsNaN(read[1].Values["accuracy"]));
    }

    [Fact]
    public void A_resumed_log_holds_the_checkpoint_s_lines_and_no_later_ones()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "metrics.jsonl");
        var log = new MetricsLog(path, []);
        log.Append(First);
        log.Append(Second);
        _ = new MetricsLog(path, [First]);
        Assert.Equal(First.ToJson() + "\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_file_that_is_gone_or_that_another_program_wrote_to_is_noticed_and_not_written()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "metrics.jsonl");
        var log = new MetricsLog(path, []);
        log.Append(First);
        File.AppendAllText(path, "more\n");
        Assert.Contains("has changed", Assert.Throws<IOException>(() => log.Append(Second)).Message, StringComparison.Ordinal);
        Assert.EndsWith("more\n", File.ReadAllText(path), StringComparison.Ordinal);
        File.Delete(path);
        Assert.Contains("is gone", Assert.Throws<IOException>(log.RequireUntouched).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => log.Append(Second));
        Assert.False(File.Exists(path));
    }
}
