using System.Globalization;

namespace SamSharp.Samples.T5.Tests.Hub;

/// <summary>Behavior if the hub, the network or the disk fails.</summary>
public sealed class HubFaultTests : HubTestBase
{
    private readonly byte[] _weights;

    public HubFaultTests()
    {
        // The one large file, so that faults hit it.
        Server.Files["spiece.model"] = new([1, 2, 3], Large: false);
        Server.Faults.Enqueue(HubServer.SendWhole);
        Server.Faults.Enqueue(HubServer.SendWhole);
        _weights = Server.Files[Weights].Content;
    }

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
        LeaveIncomplete(Weights, _weights[..1_500_000]);
        await Download();
        AssertWhole();
        Assert.Equal(["bytes=1500000-"], Server.Stored.Select(request => request.Range));
    }

    [Fact]
    public async Task A_server_that_takes_no_ranges_sends_the_whole()
    {
        LeaveIncomplete(Weights, _weights[..1_500_000]);
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
        Server.Files[Weights] = Server.Files[Weights] with { Sent = [.. _weights.Concat(new byte[500]).Take(count)] };
        Assert.Contains($"2,000,000 bytes, but the server sends {named}", await Refused(), StringComparison.Ordinal);
        LeaveIncomplete(Weights, _weights[..1_999_500]);
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

    [Theory]
    [InlineData(401, "RepoNotFound", null, "no folder 'acme/tiny-t5'", "check the name")]
    [InlineData(401, null, null, "no folder 'acme/tiny-t5'", "HF_TOKEN")]
    [InlineData(401, null, "stale", "rejects the token", "settings/tokens")]
    [InlineData(401, "GatedRepo", null, "acme/tiny-t5 is gated", "accept its terms at http://127.0.0.1")]
    [InlineData(403, "GatedRepo", "stale", "acme/tiny-t5 is gated", "the current one has no access")]
    [InlineData(403, null, null, "denies access to acme/tiny-t5", "HF_TOKEN")]
    [InlineData(404, "RepoNotFound", "good", "no folder 'acme/tiny-t5'", "check the name")]
    [InlineData(404, "RevisionNotFound", null, "no revision 'main'", "/tree/main")]
    [InlineData(404, "EntryNotFound", null, "has no config.json", "not a model that this program can load")]
    [InlineData(404, null, null, "has no config.json", "not a model that this program can load")]
    [InlineData(418, null, null, "answers 418", "HF_ENDPOINT")]
    [InlineData(500, null, null, "answers 500", "Gave up after 5 attempts")]
    [InlineData(429, null, null, "answers 429", "Gave up after 5 attempts")]
    public async Task A_refusal_is_explained(int status, string? code, string? token, string named, string remedy)
    {
        Settings = Settings with { Token = token };
        Server.Intercept = context =>
        {
            HubServer.Refuse(context, status, code);
            return true;
        };
        var message = await Refused();
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
        Assert.DoesNotContain("stale", message, StringComparison.Ordinal);
        Assert.Equal(status is 500 or 429 ? 5 : 1, Server.Requests.Count);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_busy_server_is_given_the_time_it_asks_for(int status)
    {
        Server.Faults.Enqueue((context, _) =>
        {
            context.Response.AddHeader("Retry-After", "7");
            HubServer.Refuse(context, status);
        });
        await Download();
        AssertWhole();
        Assert.Equal([7], Waits);
    }

    [Fact]
    public async Task A_server_that_asks_for_too_much_time_is_given_up()
    {
        Server.Faults.Enqueue((context, _) =>
        {
            context.Response.AddHeader("Retry-After", DateTimeOffset.UtcNow.AddHours(1).ToString("R", CultureInfo.InvariantCulture));
            HubServer.Refuse(context, 429);
        });
        Assert.Contains("asks to wait 60 minutes", await Refused(), StringComparison.Ordinal);
        Assert.Empty(Waits);
    }

    [Theory]
    [InlineData("spiece.model", "--tokenizer")]
    [InlineData(Weights, "safetensors")]
    public async Task A_model_that_lacks_a_file_is_refused(string file, string remedy)
    {
        Server.Files.Remove(file);
        Assert.Contains(remedy, await Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_asked_offline()
    {
        Settings = Settings with { Offline = true };
        Assert.Contains("HF_HUB_OFFLINE", await Refused(), StringComparison.Ordinal);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_named()
    {
        Server.Dispose();
        var message = await Refused();
        Assert.Contains(Settings.Endpoint.Host, message, StringComparison.Ordinal);
        Assert.Contains("Check the network", message, StringComparison.Ordinal);
        Assert.Equal([1], Waits);
    }

    [Theory]
    [InlineData("X-Repo-Commit", "../../../elsewhere")]
    [InlineData("X-Linked-Etag", "\"../../elsewhere\"")]
    [InlineData("X-Linked-Size", "-1")]
    public async Task An_answer_that_no_hub_gives_is_refused(string header, string value)
    {
        var headers = new Dictionary<string, string>
        {
            ["X-Repo-Commit"] = HubServer.Commit,
            ["X-Linked-Etag"] = new('a', 64),
            ["X-Linked-Size"] = "1",
            [header] = value,
        };
        Server.Intercept = context =>
        {
            foreach (var (name, text) in headers)
                context.Response.AddHeader(name, text);
            context.Response.Close();
            return true;
        };
        Assert.Contains("did not send the commit, hash and size", await Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_that_names_a_file_elsewhere_is_refused()
    {
        Server.Files.Remove(Weights);
        Server.Files["model.safetensors.index.json"] = new("""{"weight_map": {"a": "../../../x"}}"""u8.ToArray(), Large: false);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Download());
        Assert.Contains("'../../../x'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_network_it_is_tried_twice_and_the_reason_is_given_once()
    {
        Server.Dispose();
        var message = await Refused();
        Assert.Contains("Could not read config.json", message, StringComparison.Ordinal);
        Assert.Contains("Gave up after 2 attempts", message, StringComparison.Ordinal);
        Assert.Equal([1], Waits);
        Assert.Equal("No answer. Trying again in 1 s.", Assert.Single(Progress).Pause);
    }

    [Fact]
    public async Task A_server_that_fails_again_and_again_is_quoted_once()
    {
        Server.Intercept = context =>
        {
            HubServer.Refuse(context, 503);
            return true;
        };
        Assert.Contains("answers 503", await Refused(), StringComparison.Ordinal);
        Assert.Equal([1, 2, 4, 8], Waits);
        Assert.Single(Progress, value => value.Pause!.Contains("answers 503", StringComparison.Ordinal));
        Assert.Equal(["Trying again in 2 s.", "Trying again in 4 s.", "Trying again in 8 s."], Progress.Skip(1).Select(value => value.Pause));
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
        Assert.Equal(_weights[..400_000], File.ReadAllBytes(Blob(Weights) + ".incomplete"));
    }
}
