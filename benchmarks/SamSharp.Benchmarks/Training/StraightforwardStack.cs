using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Benchmarks.Training;

/// <summary>Encoder or decoder of <see cref="StraightforwardT5"/>.</summary>
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
        for (var i = 0; i < (blocks * (isDecoder ? 3 : 2)) + 1; i++) _norms.Add(Parameter(ones(width)));
        RegisterComponents();
    }

    /// <summary>From embeddings [batch, length, width] to states of the same shape; masks are addends [batch, 1, 1, length].</summary>
    public Tensor Run(Tensor embedded, Tensor? mask, Tensor? encoded, Tensor? encodedMask)
    {
        var hidden = _dropout.call(embedded);
        var bias = Bias(embedded.shape[1]);
        if (mask is not null) bias += mask;
        var norm = 0;
        for (var i = 0; i < _self.Count; i++)
        {
            var normed = Normalize(hidden, norm++);
            hidden += _dropout.call(_self[i].Attend(normed, normed, bias));
            if (_isDecoder) hidden += _dropout.call(_cross[i].Attend(Normalize(hidden, norm++), encoded!, encodedMask!));
            hidden += _dropout.call(_outer[i].call(_dropout.call(functional.relu(_inner[i].call(Normalize(hidden, norm++))))));
        }
        return _dropout.call(Normalize(hidden, norm));
    }

    private Tensor Normalize(Tensor hidden, int norm) => hidden * rsqrt(hidden.pow(2).mean([-1], keepdim: true) + 1e-6) * _norms[norm];

    /// <summary>[1, heads, length, length], and for the decoder what hides later positions.</summary>
    private Tensor Bias(long length)
    {
        var positions = arange(length);
        var relative = positions.unsqueeze(0) - positions.unsqueeze(1);
        var buckets = _isDecoder ? Buckets : Buckets / 2;
        var distance = _isDecoder ? -minimum(relative, zeros_like(relative)) : relative.abs();
        var exact = buckets / 2;
        var far = exact + ((distance.to(float32) / exact).log() / Math.Log(MaxDistance / exact) * (buckets - exact)).to(int64);
        var bucket = where(distance < exact, distance, minimum(far, full_like(far, buckets - 1)));
        if (!_isDecoder) bucket += (relative > 0).to(int64) * buckets;
        var bias = _positionBias.call(bucket).permute(2, 0, 1).unsqueeze(0);
        return _isDecoder ? bias + full([length, length], float.MinValue).triu(1) : bias;
    }
}
