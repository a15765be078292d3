namespace SamSharp.Samples.T5.Tests.Hub;

/// <summary>A hub whose faults hit the one large file.</summary>
public abstract class HubFaultTestBase : HubTestBase
{
    protected HubFaultTestBase()
    {
        // The one large file, so that faults hit it.
        Server.Files["spiece.model"] = new([1, 2, 3], Large: false);
        Server.Faults.Enqueue(HubServer.SendWhole);
        Server.Faults.Enqueue(HubServer.SendWhole);
        Content = Server.Files[Weights].Content;
    }

    /// <summary>What that file holds.</summary>
    private protected byte[] Content { get; }
}
