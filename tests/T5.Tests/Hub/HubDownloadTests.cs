using SamSharp.Samples.T5.Hub;

namespace SamSharp.Samples.T5.Tests.Hub;

/// <summary>The files that a download leaves in the cache, and its requests.</summary>
public sealed class HubDownloadTests : HubTestBase
{
    [Fact]
    public async Task A_model_is_laid_out_as_Hugging_Faces_tools_lay_it_out_and_then_found_without_the_hub()
    {
        Assert.Null(Cache.Find(Model, new ModelFiles()));
        Assert.Equal(Snapshot, await Download());

        AssertWhole();
        Assert.Equal(Path.Combine("..", "..", "blobs", Server.Files[Weights].Hash), new FileInfo(Path.Combine(Snapshot, Weights)).LinkTarget);
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(ModelFolder, "refs", "main")));
        Assert.Equal(new(Weights, 2_000_000, 2_000_000), Progress[^1]);
        Server.Dispose();
        Assert.Equal(Snapshot, Cache.Find(Model, new ModelFiles()));
        Assert.Equal(Snapshot, Cache.Find(Model with { Revision = HubServer.Commit }, new ModelFiles()));
        Assert.Null(Cache.Find(Model with { Revision = "other" }, new ModelFiles()));
    }

    [Fact]
    public async Task Sharded_weights_come_with_all_their_shards()
    {
        Server.Files.Remove(Weights);
        Server.Files["model.safetensors.index.json"] = new(
            """{"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "1.safetensors"}}"""u8.ToArray(), false);
        Server.Files["1.safetensors"] = new(Bytes(5_000), Large: true);
        Server.Files["2.safetensors"] = new(Bytes(6_000), Large: true);

        await Download();
        AssertWhole();
        Assert.NotNull(Cache.Find(Model, new ModelFiles()));
        File.Delete(Blob("2.safetensors"));
        Assert.Null(Cache.Find(Model, new ModelFiles()));
    }

    [Fact]
    public async Task A_revision_is_asked_for_by_its_escaped_name_and_remembered()
    {
        Server.Revisions.Add("refs/pr/3");
        var name = HubName.Parse(HubServer.Model + "@refs/pr/3")!;
        await Download(name);

        Assert.Equal($"/{HubServer.Model}/resolve/refs%2Fpr%2F3/config.json", Server.Requests.First().Path);
        Assert.All(Server.Requests.Skip(1), request => Assert.DoesNotContain("refs", request.Path, StringComparison.Ordinal));
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(ModelFolder, "refs", "refs", "pr", "3")));
        Assert.Equal(Snapshot, Cache.Find(name, new ModelFiles()));
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_not_to_the_store_it_redirects_to()
    {
        Settings = Settings with { Token = "secret" };
        await Download();
        Assert.Equal(2, Server.Stored.Count());
        foreach (var request in Server.Requests)
            Assert.Equal(Server.Stored.Contains(request) ? null : "Bearer secret", request.Authorization);
    }

    [Fact]
    public async Task A_renamed_model_is_followed()
    {
        Server.Intercept = context =>
        {
            if (!context.Request.RawUrl!.StartsWith("/old/", StringComparison.Ordinal))
                return false;
            context.Response.AddHeader("Location", context.Request.RawUrl.Replace("/old/name", "/" + HubServer.Model, StringComparison.Ordinal));
            HubServer.Refuse(context, 307);
            return true;
        };
        var folder = await Download(HubName.Parse("old/name"));
        Assert.Equal(Server.Files[Weights].Content, File.ReadAllBytes(Path.Combine(folder, Weights)));
    }

    [Fact]
    public async Task What_is_there_is_not_asked_for_again()
    {
        await Download();
        File.Delete(Path.Combine(Snapshot, "spiece.model"));
        Server.Requests.Clear();
        await Download();
        AssertWhole();
        // The commit, and the link's blob; its content is still there.
        Assert.Equal(["config.json", "spiece.model"], Server.Requests.Select(request => Path.GetFileName(request.Path)));
    }

    [Fact]
    public async Task Two_at_once_download_it_once()
    {
        await Task.WhenAll(Task.Run(() => Download()), Task.Run(() => Download()));
        AssertWhole();
        Assert.Equal(2, Server.Stored.Count());
    }

    [Fact]
    public void A_cache_without_references_is_searched_for_a_whole_snapshot()
    {
        foreach (var file in new[] { "config.json", "spiece.model", Weights })
        {
            Directory.CreateDirectory(Snapshot);
            Assert.Null(Cache.Find(Model, new ModelFiles()));
            File.WriteAllText(Path.Combine(Snapshot, file), "x");
        }
        Assert.Equal(Snapshot, Cache.Find(Model, new ModelFiles()));
    }
}
