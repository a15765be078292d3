using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>
/// Creates a new model's parameters: drawn as in the original T5, or uninitialized if a checkpoint will fill them.
/// </summary>
internal sealed class WeightFactory
{
    private readonly Generator? _generator;
    private readonly double _factor;
    private readonly ScalarType _type;
    private readonly bool _draws;

    private WeightFactory(Generator? generator, double factor, ScalarType type, bool draws)
    {
        _generator = generator;
        _factor = factor;
        _type = type;
        _draws = draws;
    }

    /// <summary>Draws float32 weights from a generator (null: the default one), scaled by the configuration's factor.</summary>
    public static WeightFactory Drawing(Generator? generator, double factor) => new(generator, factor, ScalarType.Float32, draws: true);

    /// <summary>Allocates parameters whose values will be read from a file.</summary>
    public static WeightFactory Unset(ScalarType type) => new(null, 1, type, draws: false);

    /// <summary>Normally distributed around 0.</summary>
    public Parameter Normal(double deviation, params long[] shape) => Make(shape, tensor => tensor.normal_(0, _factor * deviation, _generator));

    /// <summary>Ones times the factor, for layer norms.</summary>
    public Parameter Ones(long size) => Make([size], tensor => tensor.Fill(_factor));

    private Parameter Make(long[] shape, Action<Tensor> fill)
    {
        using var unrecorded = no_grad();
        var tensor = empty(shape, _type, device: CPU);
        if (_draws)
            fill(tensor);
        var parameter = new Parameter(tensor);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
