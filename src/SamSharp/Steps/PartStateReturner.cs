using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Gives a part back what it kept; the entries are known to fit.</summary>
internal sealed class PartStateReturner : PartState
{
    private readonly Queue<PartEntry> _entries;
    private readonly ParameterTable _table;

    private PartStateReturner(IEnumerable<PartEntry> entries, ParameterTable table)
    {
        _entries = new Queue<PartEntry>(entries);
        _table = table;
    }

    public static void Return(IEnumerable<PartEntry> entries, IRecipePart part, ParameterTable table) =>
        part.Exchange(new PartStateReturner(entries, table));

    public override double Number(string name, double value) => (double)_entries.Dequeue().Value;

    public override long Count(string name, long value) => (long)_entries.Dequeue().Value;

    public override void Tensors(string name, SlotTensors tensors) =>
        tensors.Replace((IReadOnlyDictionary<int, Tensor>)_entries.Dequeue().Value, index => _table.Slots[index].Parameter.device);
}
