using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Benchmarks.Training;

/// <summary>Encoder or decoder of <see cref="StraightforwardT5"/>.</summary>
[InDisposeScope]
internal sealed class StraightforwardStack : Module
{
    private const int Buckets = 32, MaxDistance = 128;

    private readonly ModuleList<StraightforwardAttention> _self = [];
    private readonly ModuleList<StraightforwardAttention> _cross = [];
    private readonly ModuleList<Linear> _inner = [];
    private readonly ModuleList<Linear> _outer = [];
    private readonly ParameterList _norms = [];
    private readonly Embedding _positionBias;
    private readonly Dropout _dropout;
    private readonly bool _isDecoder;

    public StraightforwardStack(int width, int heads, int blocks, double dropout, bool isDecoder) : base(nameof(StraightforwardStack))
    {
        _isDecoder = isDecoder;
        _dropout = Dropout(dropout);
        _positionBias = Embedding(Buckets, heads);
        for (var i = 0; i < blocks; i++)
        {
            _self.Add(new StraightforwardAttention(width, heads, dropout));
            if (isDecoder) _cross.Add(new StraightforwardAttention(width, heads, dropout));
            _inner.Add(Linear(width, 4 * width, hasBias: false));
            _outer.Add(Linear(4 * width, width, hasBias: false));
        }
        for (var i = 0; i < (blocks * (isDecoder ? 3 : 2)) + 1; i++) _norms.Add(new TorchSharp.Modules.Parameter(ones(width)));
        RegisterComponents();
    }

    /// <summary>From embeddings [batch, length, width] to states of the same shape; masks are addends [batch, 1, 1, length].</summary>
    public Tensor Run(Tensor embedded, Tensor? mask, Tensor? encoded, Tensor? encodedMask)
    {
        var hidden = _dropout.call(embedded);
        var bias = Bias(embedded.shape[1]);
        if (mask is not null) bias = bias.Plus(mask);
        var norm = 0;
        for (var i = 0; i < _self.Count; i++)
        {
            var normed = Normalize(hidden, norm++);
            hidden = hidden.Plus(_dropout.call(_self[i].Attend(normed, normed, bias)));
            if (_isDecoder) hidden = hidden.Plus(_dropout.call(_cross[i].Attend(Normalize(hidden, norm++), encoded!, encodedMask!)));
            hidden = hidden.Plus(_dropout.call(_outer[i].call(_dropout.call(functional.relu(_inner[i].call(Normalize(hidden, norm++)))))));
        }
        return _dropout.call(Normalize(hidden, norm));
    }

    private Tensor Normalize(Tensor hidden, int norm) => hidden * rsqrt(hidden.Power(2).mean([-1], keepdim: true).Plus(1e-6)) * _norms[norm];

    /// <summary>[1, heads, length, length], and for the decoder what hides later positions.</summary>
    private Tensor Bias(long length)
    {
        var positions = ScalarArithmetic.Range(length);
        var relative = positions.unsqueeze(0) - positions.unsqueeze(1);
        var buckets = _isDecoder ? Buckets : Buckets / 2;
        var distance = _isDecoder ? -minimum(relative, zeros_like(relative)) : relative.abs();
        var exact = buckets / 2;
        var far = distance.to(float32).Over(exact).log().Over(Math.Log(MaxDistance / exact)).Times(buckets - exact).to(int64).Plus(exact);
        var bucket = where(distance.IsLessThan(exact), distance, minimum(far, far.FullLike(buckets - 1)));
        if (!_isDecoder) bucket = bucket.Plus(relative.IsGreaterThan(0).to(int64).Times(buckets));
        var bias = _positionBias.call(bucket).permute(2, 0, 1).unsqueeze(0);
        return _isDecoder ? bias.Plus(ScalarArithmetic.Full([length, length], float.MinValue).triu(1)) : bias;
    }
}
