using System.Globalization;
using SamSharp.MixedPrecision;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// The first entry of a saved state: format version, what the optimizer is made of, what the recipe remembers, and the counters.
/// It is an options object because TorchSharp saves a list of options. Reading compares everything with this optimizer before anything changes.
/// </summary>
internal sealed class WrapperState : OptimizerOptions
{
    private const string Magic = "SamSharp state";
    private const int Version = 3, MostNames = 64, MostText = 1 << 16;
    private const string ScaleName = "scale", StepsName = "steps without overflow";
    private static readonly string[] RoleNames = ["the direction", "the geometry", "the radius schedule", "the combiner"];

    private readonly StepServices _services;

    /// <exception cref="InvalidOperationException">A weight has changed since the optimizer was built.</exception>
    public WrapperState(StepServices services)
    {
        services.Table.RequireUnchanged();
        _services = services;
        LearningRate = 0;
    }

    /// <summary>Whether other parts, or parts with other settings, are accepted. A part that finds nothing
    /// in the state starts without a memory.</summary>
    public bool AcceptsOtherRecipe { get; init; }

    /// <summary>Whether the base optimizer, and so the format of its state, is one of TorchSharp's.</summary>
    public bool IsTorchSharps => _services.Base.Optimizer.GetType().Assembly == typeof(SGD).Assembly;

    private ParameterTable Table => _services.Table;

    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(_services.Base.Name);
        writer.Write(Table.Groups.Count);
        for (var group = 0; group < Table.Groups.Count; group++)
        {
            var slots = SlotsOf(group);
            writer.Write(slots.Count);
            foreach (var slot in slots) WriteShape(writer, slot.Parameter);
        }
        foreach (var part in _services.Memory.Roles) writer.Write(Describe(part));
        writer.Write(_services.Memory.All.Count() + (_services.Scale is null ? 0 : 1));
        foreach (var (part, memory) in _services.Memory.All) Write(writer, part, memory);
        if (_services.Scale is { } scale) Write(writer, scale);
        writer.Write(_services.Steps);
        writer.Write(_services.Report.SkippedSteps);
    }

    public override void LoadStateDict(BinaryReader reader) => Read(reader)();

    public override void LoadStateDict(OptimizerOptions source)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        source.SaveStateDict(writer);
        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        LoadStateDict(reader);
    }

    /// <summary>Reads and compares.</summary>
    /// <returns>An action that takes over what was read; call it at most once, within the same dispose scope.</returns>
    public Action Read(BinaryReader reader)
    {
        if (Text(reader) != Magic) throw new InvalidDataException("This is not the state of a SharpnessAwareOptimizer.");
        var version = reader.ReadInt32();
        if (version != Version)
            throw new InvalidDataException($"The state has format version {version}{(version == 2 ? " (SamSharp 0.1.0)" : "")}; " +
                $"this version of SamSharp reads {Version}.");

        Require("the base optimizer", Text(reader), _services.Base.Name);
        Require("the number of param groups", reader.ReadInt32(), Table.Groups.Count);
        for (var group = 0; group < Table.Groups.Count; group++)
        {
            var slots = SlotsOf(group);
            Require($"the number of parameters in group {group}", reader.ReadInt32(), slots.Count);
            foreach (var slot in slots)
            {
                Require($"the dtype of {slot.Describe()}", (ScalarType)reader.ReadInt32(), slot.Parameter.dtype);
                Require($"the shape of {slot.Describe()}", Show(ReadShape(reader)), Show(slot.Parameter.shape));
            }
        }
        foreach (var (name, part) in RoleNames.Zip(_services.Memory.Roles)) RequirePart(name, Text(reader), Describe(part));
        var memories = Enumerable.Range(0, Count(reader, MostNames)).Select(_ => ReadMemory(reader)).ToList();
        var (steps, skipped) = (reader.ReadInt64(), reader.ReadInt64());
        return () =>
        {
            foreach (var (part, memory) in _services.Memory.All)
            {
                var saved = memories.FirstOrDefault(saved => saved.Part == part.GetType().Name);
                memories.Remove(saved!);
                memory.Load(saved?.Numbers ?? [], saved?.Tensors ?? []);
            }
            if (memories.FirstOrDefault(saved => saved.Part == nameof(LossScaler)) is { } scale)
                _services.Scale?.Resume(scale.Numbers.GetValueOrDefault(ScaleName, 1), (int)scale.Numbers.GetValueOrDefault(StepsName));
            _services.Steps = steps;
            _services.Report.ResumeFrom(steps, skipped);
        };
    }

    /// <summary>The scale of the losses is saved as if a part remembered it.</summary>
    private static void Write(BinaryWriter writer, LossScale scale)
    {
        writer.Write(nameof(LossScaler));
        writer.Write(2);
        writer.Write(ScaleName);
        writer.Write(scale.Value);
        writer.Write(StepsName);
        writer.Write((double)scale.Steps);
        writer.Write(0);
    }

    private static void Write(BinaryWriter writer, IStepPart part, PartMemory memory)
    {
        writer.Write(part.GetType().Name);
        writer.Write(memory.Numbers.Count);
        foreach (var (name, value) in memory.Numbers)
        {
            writer.Write(name);
            writer.Write(value);
        }
        writer.Write(memory.Tensors.Count());
        foreach (var (name, tensors) in memory.Tensors)
        {
            writer.Write(name);
            writer.Write(tensors.Length);
            foreach (var (index, tensor) in tensors)
            {
                writer.Write(index);
                WriteShape(writer, tensor);
                using var here = tensor.cpu();
                using var contiguous = here.contiguous();
                contiguous.WriteBytesToStream(writer.BaseStream);
            }
        }
    }

    private SavedMemory ReadMemory(BinaryReader reader)
    {
        var part = Text(reader);
        var numbers = new Dictionary<string, double>();
        for (var left = Count(reader, MostNames); left > 0; left--) numbers[Text(reader)] = reader.ReadDouble();
        var tensors = new List<(string, (int, Tensor)[])>();
        for (var left = Count(reader, MostNames); left > 0; left--)
        {
            var name = Text(reader);
            var count = Count(reader, Table.Slots.Count);
            tensors.Add((name, Enumerable.Range(0, count).Select(_ => ReadTensor(reader, $"'{name}' of {part}")).ToArray()));
        }
        return new SavedMemory(part, numbers, tensors);
    }

    private (int Index, Tensor Tensor) ReadTensor(BinaryReader reader, string what)
    {
        var index = reader.ReadInt32();
        if (index < 0 || index >= Table.Slots.Count)
            throw new InvalidDataException($"The state has {what} for parameter {index}; there are {Table.Slots.Count}.");
        var slot = Table.Slots[index];
        var (dtype, shape) = ((ScalarType)reader.ReadInt32(), ReadShape(reader));
        var own = slot.Parameter.shape;
        // A part remembers numbers per weight, or per filter (a slice along the first dimension).
        var isFilters = shape.Length == own.Length && shape.Length > 1 && shape[0] == own[0] && shape.Skip(1).All(size => size == 1);
        if (!isFilters && !shape.SequenceEqual(own))
            throw new InvalidDataException($"The state has {what} of shape {Show(shape)} for {slot.Describe()}.");
        if (dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
            throw new InvalidDataException($"The state has {what} of type {dtype} for {slot.Describe()}.");
        SavedBytes.Require(reader, shape.Aggregate((long)dtype.ElementSize(), (bytes, size) => bytes * size));
        var tensor = empty(shape, dtype);
        tensor.ReadBytesFromStream(reader.BaseStream);
        return (index, slot.Parameter.device_type == DeviceType.CPU ? tensor : tensor.to(slot.Parameter.device, disposeAfter: true));
    }

    private List<ParameterSlot> SlotsOf(int group) => Table.Slots.Where(slot => slot.Group == group).ToList();

    private static void WriteShape(BinaryWriter writer, Tensor tensor)
    {
        writer.Write((int)tensor.dtype);
        writer.Write(tensor.shape.Length);
        foreach (var size in tensor.shape) writer.Write(size);
    }

    private static long[] ReadShape(BinaryReader reader)
    {
        var shape = new long[Count(reader, MostNames)];
        for (var i = 0; i < shape.Length; i++) shape[i] = reader.ReadInt64();
        return shape;
    }

    private static int Count(BinaryReader reader, int most)
    {
        var count = reader.ReadInt32();
        return count >= 0 && count <= most ? count
            : throw new InvalidDataException($"The state is damaged: it announces {count} entries where there can be {most} at most.");
    }

    internal static string Text(BinaryReader reader)
    {
        var length = reader.Read7BitEncodedInt();
        if (length is < 0 or > MostText) throw new InvalidDataException($"The state is damaged: it announces a text of {length} bytes.");
        SavedBytes.Require(reader, length);
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? System.Text.Encoding.UTF8.GetString(bytes) : throw new EndOfStreamException();
    }

    /// <summary>Type and settings of a part, the same in every culture.</summary>
    private static string Describe(IStepPart part)
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            return part.ToString() ?? part.GetType().Name;
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    private static string Show(long[] shape) => $"[{string.Join(", ", shape)}]";

    private void RequirePart(string what, string saved, string here)
    {
        if (AcceptsOtherRecipe || saved == here) return;
        throw new InvalidDataException($"The state does not fit this optimizer: {what} is {saved} in the state and {here} here. " +
            "To load it on purpose, call load_state_dict with acceptOtherRecipe: true.");
    }

    private static void Require<T>(string what, T saved, T here)
    {
        if (!EqualityComparer<T>.Default.Equals(saved, here))
            throw new InvalidDataException($"The state does not fit this optimizer: {what} is {saved} in the state and {here} here.");
    }

    private sealed record SavedMemory(
        string Part, Dictionary<string, double> Numbers, List<(string Name, (int Index, Tensor Tensor)[] Tensors)> Tensors);
}
