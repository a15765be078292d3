using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Monitoring;

/// <summary>Collects the losses since the last report; they stay on the device until they are read.</summary>
public sealed class LossMeter : IDisposable
{
    private readonly List<Tensor> _pending = [];
    private readonly List<float> _values = [];

    /// <summary>The losses so far, in order; reading waits for the device.</summary>
    public IReadOnlyList<float> Values
    {
        get
        {
            foreach (var loss in _pending)
            {
                using (loss)
                using (var single = loss.to(ScalarType.Float32))
                    _values.Add(single.item<float>());
            }
            _pending.Clear();
            return _values;
        }
    }

    public void Add(Tensor loss)
    {
        using var value = loss.detach();
        _pending.Add(value.clone().DetachFromDisposeScope());
    }

    public void Add(IEnumerable<float> values) => _values.AddRange(values);

    public double Mean() => Values.Count == 0 ? double.NaN : Values.Average(value => (double)value);

    public void Clear()
    {
        Dispose();
        _values.Clear();
    }

    public void Dispose()
    {
        _pending.ForEach(loss => loss.Dispose());
        _pending.Clear();
    }
}
