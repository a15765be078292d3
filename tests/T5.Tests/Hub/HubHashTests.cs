using SamSharp.Samples.T5.Hub;

namespace SamSharp.Samples.T5.Tests.Hub;

public sealed class HubHashTests
{
    // git hash-object and sha256sum of the line "hello".
    [Theory]
    [InlineData("\"ce013625030ba8dba906f756967f9e9ca394464a\"", "ce013625030ba8dba906f756967f9e9ca394464a")]
    [InlineData("W/\"ce013625030ba8dba906f756967f9e9ca394464b\"", "ce013625030ba8dba906f756967f9e9ca394464a")]
    [InlineData("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
        "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")]
    public async Task The_hash_is_of_the_tags_kind(string tag, string expected)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(expected, await HubHash.Parse(tag)!.ComputeAsync(folder.Write("file", "hello\n"), default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("\"abc\"")]
    [InlineData("\"../3625030ba8dba906f756967f9e9ca394464a1\"")]
    [InlineData("\"ce013625030ba8dba906f756967f9e9ca394464a\"\n")]
    public void Other_tags_are_no_hashes(string? tag) => Assert.Null(HubHash.Parse(tag));
}
