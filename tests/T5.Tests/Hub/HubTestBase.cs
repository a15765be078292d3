using SamSharp.Samples.T5.Hub;

namespace SamSharp.Samples.T5.Tests.Hub;

/// <summary>A hub with a model, and a cache of its own; waits are noted, not waited.</summary>
public abstract class HubTestBase : IDisposable
{
    protected const string Weights = "model.safetensors";

    private readonly TemporaryFolder _folder = new();

    private protected HubTestBase()
    {
        Server.Files["config.json"] = new("{\"vocab_size\": 8}"u8.ToArray(), Large: false);
        Server.Files["spiece.model"] = new(Bytes(3_000), Large: true);
        Server.Files[Weights] = new(Bytes(2_000_000), Large: true);
        Cache = new(_folder.Path);
        Settings = new() { CacheFolder = _folder.Path, Endpoint = Server.Endpoint, Timeout = TimeSpan.FromSeconds(20) };
    }

    private protected HubServer Server { get; } = new();

    private protected HubName Model { get; } = HubName.Parse(HubServer.Model)!;

    private protected HubCache Cache { get; }

    private protected HubSettings Settings { get; set; }

    private protected List<double> Waits { get; } = [];

    private protected List<HubProgress> Progress { get; } = [];

    private protected string ModelFolder => Path.Combine(_folder.Path, "models--acme--tiny-t5");

    private protected string Snapshot => Path.Combine(ModelFolder, "snapshots", HubServer.Commit);

    private protected string Blob(string file) => Path.Combine(ModelFolder, "blobs", Server.Files[file].Hash);

    private protected Task<string> Download(HubName? model = null, CancellationToken cancellation = default)
        => new HubDownload(Settings, new Immediate(Progress.Add)) { Delay = Wait }.GetAsync(model ?? Model, new ModelFiles(), cancellation);

    private protected async Task<string> Refused(HubName? model = null)
        => (await Assert.ThrowsAsync<HubException>(() => Download(model))).Message;

    private protected void AssertWhole()
    {
        foreach (var (name, file) in Server.Files)
            Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(Snapshot, name)));
        Assert.Equal(
            Server.Files.Values.Select(file => file.Hash).Order(),
            Directory.GetFiles(Path.Combine(ModelFolder, "blobs")).Select(Path.GetFileName).Order());
    }

    /// <summary>Writes the first bytes of a file as a run that was stopped leaves them.</summary>
    private protected void LeaveIncomplete(string file, byte[] content)
    {
        Directory.CreateDirectory(Path.Combine(ModelFolder, "blobs"));
        File.WriteAllBytes(Blob(file) + ".incomplete", content);
    }

    private protected static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    public void Dispose()
    {
        Server.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private Task Wait(TimeSpan time, CancellationToken cancellation)
    {
        Waits.Add(time.TotalSeconds);
        return Task.CompletedTask;
    }

    private sealed class Immediate(Action<HubProgress> report) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => report(value);
    }
}
