namespace SamSharp.Steps;

/// <summary>Collects what a part keeps.</summary>
internal sealed class PartStateCollector : PartState
{
    private readonly List<PartEntry> _entries = [];

    private PartStateCollector()
    {
    }

    /// <summary>What the part keeps now, in its order; empty for a part without state.</summary>
    public static IReadOnlyList<PartEntry> Of(IRecipePart part)
    {
        var collector = new PartStateCollector();
        part.Exchange(collector);
        return collector._entries;
    }

    public override double Number(string name, double value)
    {
        _entries.Add(new PartEntry(name, value));
        return value;
    }

    public override long Count(string name, long value)
    {
        _entries.Add(new PartEntry(name, value));
        return value;
    }

    public override void Tensors(string name, SlotTensors tensors) => _entries.Add(new PartEntry(name, tensors.ByIndex));
}
