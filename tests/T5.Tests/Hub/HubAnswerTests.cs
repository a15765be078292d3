using System.Globalization;

namespace SamSharp.Samples.T5.Tests.Hub;

/// <summary>What is said and done about answers of the hub that are no file, and about no answer.</summary>
public sealed class HubAnswerTests : HubFaultTestBase
{
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
}
