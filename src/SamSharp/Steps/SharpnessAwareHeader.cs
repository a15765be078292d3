using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// The first entry of a saved state: format version, the make-up of the optimizer that it belongs to, and the wrapper's own state. TorchSharp saves a list of options,
/// so it is one. Reading it compares everything before any state changes.
/// </summary>
internal sealed class SharpnessAwareHeader : OptimizerOptions
{
    private const string Magic = "SamSharp state";
    private const int Version = 2;
    private readonly SharpnessAwareOptimizer _owner;
    private readonly ParameterTable _table;

    public SharpnessAwareHeader(SharpnessAwareOptimizer owner, ParameterTable table)
    {
        _owner = owner;
        _table = table;
        LearningRate = 0;
    }

    private string BaseName => _owner.BaseOptimizer.GetType().Name;

    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(BaseName);
        writer.Write(_table.Groups.Count);
        for (var group = 0; group < _table.Groups.Count; group++)
        {
            var slots = SlotsOf(group);
            writer.Write(slots.Count);
            foreach (var slot in slots)
            {
                writer.Write((int)slot.Parameter.dtype);
                writer.Write(slot.Parameter.shape.Length);
                foreach (var size in slot.Parameter.shape) writer.Write(size);
            }
        }
        foreach (var part in _owner.Parts)
        {
            var entries = PartStateCollector.Of(part);
            writer.Write(part.GetType().Name);
            writer.Write(entries.Count);
            foreach (var entry in entries) entry.Write(writer);
        }
        writer.Write(_owner.Steps);
        writer.Write(_owner.LastStep.SkippedSteps);
    }

    public override void LoadStateDict(BinaryReader reader)
    {
        if (reader.ReadString() != Magic)
            throw new InvalidDataException("This is no state of a SharpnessAwareOptimizer.");
        var version = reader.ReadInt32();
        if (version != Version)
            throw new InvalidDataException($"The state has format version {version}; this version of SamSharp reads {Version}.");

        Require("the base optimizer", reader.ReadString(), BaseName);
        Require("the number of param groups", reader.ReadInt32(), _table.Groups.Count);
        for (var group = 0; group < _table.Groups.Count; group++)
        {
            var slots = SlotsOf(group);
            Require($"the number of parameters in group {group}", reader.ReadInt32(), slots.Count);
            foreach (var slot in slots)
            {
                Require($"the dtype of {slot.Describe()}", (ScalarType)reader.ReadInt32(), slot.Parameter.dtype);
                var shape = new long[reader.ReadInt32()];
                for (var i = 0; i < shape.Length; i++) shape[i] = reader.ReadInt64();
                Require($"the shape of {slot.Describe()}", Text(shape), Text(slot.Parameter.shape));
            }
        }
        using var scope = NewDisposeScope();
        var states = _owner.Parts.Select(part => ReadPart(part, reader)).ToArray();
        _owner.Steps = reader.ReadInt64();
        _owner.LastStep.ResumeFrom(_owner.Steps, reader.ReadInt64());
        foreach (var (part, entries) in _owner.Parts.Zip(states)) PartStateReturner.Return(entries, part, _table);
    }

    public override void LoadStateDict(OptimizerOptions source)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        source.SaveStateDict(writer);
        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        LoadStateDict(reader);
    }

    /// <summary>Reads what a part kept, which must be what it keeps here. A part without state may be any other: a constant radius, say, in place of an interval.</summary>
    private static PartEntry[] ReadPart(IRecipePart part, BinaryReader reader)
    {
        var name = reader.ReadString();
        var entries = Enumerable.Range(0, reader.ReadInt32()).Select(_ => PartEntry.Read(reader)).ToArray();
        var own = PartStateCollector.Of(part);
        if (entries.Length > 0 || own.Count > 0) Require("a part of the recipe", name, part.GetType().Name);
        Require($"what {name} keeps", string.Join(", ", entries.Select(entry => entry.Name)), string.Join(", ", own.Select(entry => entry.Name)));
        return entries;
    }

    private List<ParameterSlot> SlotsOf(int group) => _table.Slots.Where(slot => slot.Group == group).ToList();

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";

    private static void Require<T>(string what, T saved, T here)
    {
        if (!EqualityComparer<T>.Default.Equals(saved, here))
            throw new InvalidDataException($"The state does not fit this optimizer: {what} is {saved} in the state and {here} here.");
    }
}
