using SamSharp.Samples.T5.Hub;

namespace SamSharp.Samples.T5.Tests.Hub;

public sealed class HubSettingsTests : IDisposable
{
    private static readonly string User = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_cache_is_where_the_most_special_variable_says()
    {
        Assert.Equal(Path.Combine(User, ".cache", "huggingface", "hub"), From().CacheFolder);
        Assert.Equal(Path.Combine("/x", "huggingface", "hub"), From(("XDG_CACHE_HOME", "/x")).CacheFolder);
        Assert.Equal(Path.Combine(User, "hf", "hub"), From(("XDG_CACHE_HOME", "/x"), ("HF_HOME", "~/hf")).CacheFolder);
        Assert.Equal("/old", From(("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/old")).CacheFolder);
        Assert.Equal("/c", From(("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HUB_CACHE", "/c")).CacheFolder);
        Assert.Equal(Path.Combine("/h", "hub"), From(("HF_HOME", "/h"), ("HF_HUB_CACHE", "")).CacheFolder);
    }

    [Fact]
    public void The_token_is_the_variables_or_the_files()
    {
        _folder.Write("token", "of the file\n");
        var other = _folder.Write("other", "of the other file\n");
        Assert.Equal("of the file", From(("HF_HOME", _folder.Path)).Token);
        Assert.Equal("of the other file", From(("HF_HOME", _folder.Path), ("HF_TOKEN_PATH", other)).Token);
        Assert.Equal("given", From(("HF_HOME", _folder.Path), ("HF_TOKEN", " given ")).Token);
        Assert.Null(From(("HF_HOME", Path.Combine(_folder.Path, "none"))).Token);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("Yes", true)]
    [InlineData("0", false)]
    [InlineData("", false)]
    public void Offline_is_a_true_word(string text, bool offline)
    {
        Assert.Equal(offline, From(("HF_HUB_OFFLINE", text)).Offline);
        Assert.Equal(offline, From(("TRANSFORMERS_OFFLINE", text)).Offline);
    }

    [Fact]
    public void The_endpoint_is_a_web_address()
    {
        Assert.Equal(new Uri("https://huggingface.co"), From().Endpoint);
        Assert.Equal(new Uri("https://mirror.example/hub"), From(("HF_ENDPOINT", "https://mirror.example/hub/")).Endpoint);
        Assert.Contains("'mirror.example'", Assert.Throws<HubException>(() => From(("HF_ENDPOINT", "mirror.example"))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("google-t5/t5-small", "google-t5/t5-small", "main")]
    [InlineData("t5-small", "t5-small", "main")]
    [InlineData("a/b.c_d@v1.0", "a/b.c_d", "v1.0")]
    [InlineData("a/b@refs/pr/3", "a/b", "refs/pr/3")]
    public void A_name_is_a_model_and_a_revision(string text, string model, string revision)
        => Assert.Equal(new HubName(model, revision), HubName.Parse(text));

    [Theory]
    [InlineData("/a/b")]
    [InlineData("./a")]
    [InlineData("../a")]
    [InlineData("a/b/c")]
    [InlineData("a/..")]
    [InlineData("a/b@../../c")]
    [InlineData("a/b@")]
    [InlineData("a--b/c")]
    [InlineData("a\\b")]
    [InlineData("a/b\n")]
    [InlineData("")]
    public void A_path_is_no_name(string text) => Assert.Null(HubName.Parse(text));

    public void Dispose() => _folder.Dispose();

    private static HubSettings From(params (string Name, string Value)[] variables)
        => HubSettings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
