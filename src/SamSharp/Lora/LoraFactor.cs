using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>One of the two matrices of a low-rank addition: a module, so that it moves, converts and is saved with the model.</summary>
internal sealed class LoraFactor : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public LoraFactor(Tensor weight) : base(nameof(LoraFactor))
    {
        _weight = new Parameter(weight);
        _weight.DetachFromDisposeScope();
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    /// <summary>input . weight^T in the input's type.</summary>
    public override Tensor forward(Tensor input)
    {
        if (_weight.dtype == input.dtype) return nn.functional.linear(input, _weight);
        using var converted = _weight.to(input.dtype);
        return nn.functional.linear(input, converted);
    }

    /// <summary>The two factors of a map of the given sizes: A from Kaiming's uniform distribution, B zero.</summary>
    /// <param name="like">A weight of the layer, [outputs, inputs]. 16-bit weights get float32 factors.</param>
    /// <param name="rank">The columns of B and rows of A.</param>
    /// <param name="generator">Draws A; null for the default generator.</param>
    public static (LoraFactor A, LoraFactor B) Pair(Tensor like, int rank, Generator? generator)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var type = like.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var (outputs, inputs) = (like.shape[0], like.shape[1]);
        var bound = 1 / Math.Sqrt(inputs); // Kaiming's with a = sqrt(5)
        var a = empty([rank, inputs], type, device: CPU);
        a.uniform_(-bound, bound, generator);
        return (new LoraFactor(a.to(like.device)), new LoraFactor(zeros([outputs, rank], type, like.device)));
    }
}
