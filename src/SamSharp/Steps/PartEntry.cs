using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One thing that a part keeps: a double, a long, or tensors by the index of their parameter.</summary>
internal readonly record struct PartEntry(string Name, object Value)
{
    private const byte NumberKind = 0, IntegerKind = 1, TensorsKind = 2;

    public void Write(BinaryWriter writer)
    {
        writer.Write(Name);
        switch (Value)
        {
            case double number:
                writer.Write(NumberKind);
                writer.Write(number);
                break;
            case long integer:
                writer.Write(IntegerKind);
                writer.Write(integer);
                break;
            case IReadOnlyDictionary<int, Tensor> tensors:
                writer.Write(TensorsKind);
                writer.Write(tensors.Count);
                foreach (var (index, tensor) in tensors.OrderBy(tensor => tensor.Key))
                {
                    writer.Write(index);
                    tensor.Save(writer);
                }
                break;
        }
    }

    /// <summary>Tensors that are read belong to the dispose scope.</summary>
    public static PartEntry Read(BinaryReader reader)
    {
        var name = reader.ReadString();
        return reader.ReadByte() switch
        {
            NumberKind => new PartEntry(name, reader.ReadDouble()),
            IntegerKind => new PartEntry(name, reader.ReadInt64()),
            TensorsKind => new PartEntry(name, Enumerable.Range(0, reader.ReadInt32()).Select(_ => (Index: reader.ReadInt32(), Tensor: Tensor.Load(reader)))
                .ToDictionary(tensor => tensor.Index, tensor => tensor.Tensor)),
            var kind => throw new InvalidDataException($"The state holds '{name}' of kind {kind}, which this version of SamSharp does not know."),
        };
    }
}
