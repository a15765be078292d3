using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Sources;

/// <summary>
/// The weights of a BERT that PyTorch exported to ONNX, by their names there. Exporting keeps the names of all but the matrices, which it
/// transposes: a matrix is found as the factor of the product that its layer's named bias is added to.
/// </summary>
internal sealed class OnnxWeights
{
    private const string Bias = ".bias", Weight = ".weight";

    private readonly Dictionary<string, (TensorProto Tensor, bool Transposed)> _weights;
    private readonly string _source;

    private OnnxWeights(Dictionary<string, (TensorProto, bool)> weights, string source) => (_weights, _source) = (weights, source);

    /// <param name="source">Where the bytes come from, for messages.</param>
    /// <exception cref="InvalidDataException">They are no ONNX model.</exception>
    public static OnnxWeights Parse(byte[] model, string source)
    {
        ModelProto parsed;
        try
        {
            parsed = ModelProto.Parser.ParseFrom(model);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new InvalidDataException($"{source}: this is not an ONNX model: {error.Message}", error);
        }
        if (parsed.Graph is null)
            throw new InvalidDataException($"{source}: this ONNX model has no graph.");
        var (tensors, products) = (new Dictionary<string, TensorProto>(), new Dictionary<string, string>());
        foreach (var tensor in parsed.Graph.Initializer) tensors[tensor.Name] = tensor;
        foreach (var product in parsed.Graph.Node.Where(node => node is { OpType: "MatMul", Output.Count: > 0, Input.Count: > 1 }))
            products[product.Output[0]] = product.Input[1];
        var weights = tensors.ToDictionary(item => item.Key, item => (item.Value, false));
        foreach (var sum in parsed.Graph.Node.Where(node => node.OpType == "Add"))
        {
            var bias = sum.Input.FirstOrDefault(input => input.EndsWith(Bias, StringComparison.Ordinal) && tensors.ContainsKey(input));
            var matrix = sum.Input.Select(products.GetValueOrDefault).OfType<string>().FirstOrDefault(tensors.ContainsKey);
            if (bias is not null && matrix is not null)
                weights[bias[..^Bias.Length] + Weight] = (tensors[matrix], true);
        }
        return new(weights, source);
    }

    /// <exception cref="InvalidDataException">There is no such weight, or it has another shape.</exception>
    public void ReadInto(string name, Tensor destination)
    {
        if (!_weights.TryGetValue(name, out var found))
            throw new InvalidDataException($"{_source}: the ONNX model has no weight '{name}'.");
        var (stored, transposed) = found;
        long[] dimensions = transposed ? [.. destination.shape.Reverse()] : destination.shape;
        if (stored.DataType != (int)TensorProto.Types.DataType.Float || stored.RawData.Length != sizeof(float) * destination.NumberOfElements
            || !stored.Dims.SequenceEqual(dimensions))
            throw Other(transposed ? stored.Dims.Reverse() : stored.Dims);
        using var scope = NewDisposeScope();
        var values = empty([.. stored.Dims], ScalarType.Float32, device: CPU);
        stored.RawData.Span.CopyTo(MemoryMarshal.AsBytes(MemoryMarshal.Cast<byte, float>(values.bytes)));
        destination.copy_(transposed ? values.t() : values);

        InvalidDataException Other(IEnumerable<long> shape) => new($"{_source}: '{name}' is [{string.Join(", ", shape.Take(8))}] of type " +
            $"{(TensorProto.Types.DataType)stored.DataType} instead of [{string.Join(", ", destination.shape)}] of type Float.");
    }
}
