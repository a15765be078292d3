using System.Net;
using System.Net.Sockets;
using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.FineTuneT5.Tests.CommandLine;

/// <summary>The program on a model of a hub.</summary>
public sealed class HubModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HubServer _server = new();

    [Fact]
    public void A_model_is_downloaded_once_and_trained_on()
    {
        using (var model = Small.Model(Small.Relu with { VocabularySize = T5Tokenizer.Load(BundledData.Vocabulary).VocabularySize }))
            T5Checkpoint.Save(model, In("model"));
        foreach (var name in new[] { "config.json", "model.safetensors" })
            _server.Files[name] = new(File.ReadAllBytes(Path.Combine(In("model"), name)), Large: name != "config.json");
        _server.Files["spiece.model"] = new(File.ReadAllBytes(BundledData.Vocabulary), Large: true);

        var first = Run("first").Expect(0);
        Assert.Empty(first.Error);
        Assert.Contains($"Downloading {HubServer.Model} to {In("hf")}", first.Output, StringComparison.Ordinal);
        Assert.Contains("model.safetensors  0.", first.Output, StringComparison.Ordinal);

        var second = Run("second", ("HF_HUB_OFFLINE", "1")).Expect(0);
        Assert.DoesNotContain("Downloading", second.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(In("first/model/model.safetensors")), File.ReadAllBytes(In("second/model/model.safetensors")));
    }

    [Fact]
    public void A_model_that_is_not_there_fails_in_one_line()
    {
        var result = Run("run").Expect(1);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"{HubServer.Model} has no config.json", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(In("run")));
    }

    [SkippableFact]
    public void Ctrl_C_while_downloading_says_what_becomes_of_it()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are Unix's");
        using var silent = new TcpListener(IPAddress.Loopback, 0); // takes the request and never answers
        silent.Start();
        using var process = FineTuneProgram.StartWith(
            [("HF_ENDPOINT", $"http://{silent.LocalEndpoint}"), ("HF_HOME", In("hf")), ("HF_HUB_CACHE", "")],
            "--model", HubServer.Model, "--output", In("run"));
        using var client = silent.AcceptTcpClient();
        FineTuneProgram.Interrupt(process);
        var result = FineTuneProgram.Finish(process).Expect(130);
        Assert.Contains($"Stopped while downloading {HubServer.Model}", result.Error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    private string In(string name) => Path.Combine(_folder.Path, name);

    private ProgramResult Run(string output, params (string, string)[] environment)
        => FineTuneProgram.RunWith(
            [("HF_ENDPOINT", _server.Endpoint.AbsoluteUri), ("HF_HOME", In("hf")), ("HF_HUB_CACHE", ""), .. environment],
            "--model", HubServer.Model, "--steps", "1", "--batch", "2", "--train-rows", "4", "--max-source-length", "8", "--output", In(output));
}
