namespace SamSharp.Samples.T5.Tests.Hub;

/// <summary>Downloads that break off, are corrupt or do not fit on the disk.</summary>
public sealed class HubFaultTests : HubFaultTestBase
{
    [Fact]
    public async Task A_download_that_breaks_off_goes_on_where_it_was()
    {
        Server.Faults.Enqueue((context, file) => HubServer.BreakOff(context, file, 700_000));
        await Download();
        AssertWhole();
        Assert.Equal([1], Waits);
        Assert.Equal([null, "bytes=700000-"], Server.Stored.Select(request => request.Range));
        Assert.Contains(Progress, value => value.Pause is { } pause && pause.Contains("Trying again in 1 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_download_that_gets_on_is_not_given_up_however_often_it_breaks_off()
    {
        for (var attempt = 1; attempt <= 7; attempt++)
        {
            var after = attempt * 100_000;
            Server.Faults.Enqueue((context, file) => HubServer.BreakOff(context, file, after));
        }
        await Download();
        AssertWhole();
        Assert.Equal(Enumerable.Repeat(1.0, 7), Waits);
    }

    [Fact]
    public async Task A_hub_that_falls_silent_is_asked_again()
    {
        using var over = new ManualResetEventSlim();
        Settings = Settings with { Timeout = TimeSpan.FromSeconds(2) };
        Server.Faults.Enqueue((context, file) =>
        {
            context.Response.ContentLength64 = file.Sent.Length;
            context.Response.OutputStream.Write(file.Sent, 0, 1_000);
            over.Wait(TimeSpan.FromMinutes(1));
        });
        await Download();
        over.Set();
        AssertWhole();
        Assert.Equal([1], Waits);
    }

    [Fact]
    public async Task What_an_earlier_run_left_is_gone_on_with()
    {
        LeaveIncomplete(Weights, Content[..1_500_000]);
        await Download();
        AssertWhole();
        Assert.Equal(["bytes=1500000-"], Server.Stored.Select(request => request.Range));
    }

    [Fact]
    public async Task A_server_that_takes_no_ranges_sends_the_whole()
    {
        LeaveIncomplete(Weights, Content[..1_500_000]);
        Server.Faults.Enqueue(HubServer.SendWhole);
        await Download();
        AssertWhole();
    }

    [Theory]
    [InlineData(1_500_000)]
    [InlineData(2_000_000)]
    [InlineData(2_000_001)]
    public async Task Wrong_bytes_of_an_earlier_run_are_dropped(int count)
    {
        LeaveIncomplete(Weights, new byte[count]);
        await Download();
        AssertWhole();
        Assert.Null(Server.Stored.Last().Range);
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("spiece.model")]
    public async Task Corrupt_content_is_refused_and_deleted(string name)
    {
        var file = Server.Files[name];
        byte[] sent = [.. file.Content];
        sent[^1] ^= 1;
        Server.Files[name] = file with { Sent = sent };
        var message = await Refused();
        Assert.Contains($"{name} of {HubServer.Model} arrived corrupt", message, StringComparison.Ordinal);
        Assert.Contains(file.Hash, message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Snapshot, name)));
        Assert.False(File.Exists(Path.Combine(ModelFolder, "refs", "main")));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(ModelFolder, "blobs")), path => path.Contains(file.Hash, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1_999_000, "1,999,000")]
    [InlineData(2_000_500, "2,000,500")]
    public async Task Another_length_than_was_announced_is_refused(int count, string named)
    {
        Server.Files[Weights] = Server.Files[Weights] with { Sent = [.. Content.Concat(new byte[500]).Take(count)] };
        Assert.Contains($"2,000,000 bytes, but the server sends {named}", await Refused(), StringComparison.Ordinal);
        LeaveIncomplete(Weights, Content[..1_999_500]);
        var beyond = await Refused();
        Assert.Contains(count < 1_999_500 ? "none from byte 1,999,500" : "a part of 2,000,500", beyond, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_without_a_length_that_ends_early_is_asked_for_again_until_it_is_given_up()
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            Server.Faults.Enqueue((context, file) =>
            {
                context.Response.SendChunked = true;
                context.Response.OutputStream.Write(file.Sent, 0, 1_000);
                context.Response.Close();
            });
        }
        var message = await Refused();
        Assert.Contains("ended after 1,000 of 2,000,000 bytes", message, StringComparison.Ordinal);
        Assert.Contains("Gave up after 5 attempts", message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 4, 8], Waits);
    }

    [SkippableFact]
    public async Task A_full_disk_is_named()
    {
        Skip.IfNot(File.Exists("/dev/full"), "a device that is always full is Linux's");
        LeaveIncomplete(Weights, []);
        File.Delete(Blob(Weights) + ".incomplete");
        File.CreateSymbolicLink(Blob(Weights) + ".incomplete", "/dev/full");
        var message = await Refused();
        Assert.Contains("Could not write model.safetensors", message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_does_not_fit_on_the_disk_is_not_begun()
    {
        Server.Intercept = context =>
        {
            if (!context.Request.RawUrl!.EndsWith(Weights, StringComparison.Ordinal))
                return false;
            context.Response.AddHeader("X-Repo-Commit", HubServer.Commit);
            context.Response.AddHeader("X-Linked-Etag", new string('a', 64));
            context.Response.AddHeader("X-Linked-Size", $"{long.MaxValue / 4}");
            context.Response.Close();
            return true;
        };
        Assert.Contains("MB free", await Refused(), StringComparison.Ordinal);
        Assert.Empty(Server.Stored);
    }

    [Fact]
    public async Task A_cancelled_download_keeps_what_has_arrived()
    {
        using var cancellation = new CancellationTokenSource();
        Server.Faults.Enqueue((context, file) =>
        {
            context.Response.ContentLength64 = file.Sent.Length;
            context.Response.OutputStream.Write(file.Sent, 0, 400_000);
            while (new FileInfo(Blob(Weights) + ".incomplete") is not { Exists: true, Length: 400_000 })
                Thread.Sleep(10);
            cancellation.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Download(cancellation: cancellation.Token));
        Assert.Equal(Content[..400_000], File.ReadAllBytes(Blob(Weights) + ".incomplete"));
    }
}
