using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Model;

/// <summary>
/// What frozen layers make of rows, computed once for each: frozen layers have neither gradients nor dropout, so a row always leaves them alike.
/// Models whose frozen layers have the same weights may share it.
/// </summary>
/// <param name="capacity">The most bytes that are kept; rows beyond are computed each time.</param>
public sealed class FrozenStates(long capacity = 1L << 29) : IDisposable
{
    private readonly Dictionary<(ScalarType Type, string Ids), Tensor> _rows = [];
    private long _bytes;

    /// <summary>How many rows are kept.</summary>
    public int Count => _rows.Count;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var row in _rows.Values)
            row.Dispose();
        _rows.Clear();
        _bytes = 0;
    }

    /// <summary>The states [batch, length, width] of a batch; those at hidden positions are zero.</summary>
    /// <param name="ids">[batch, length].</param>
    /// <param name="mask">The same; 1 is visible. The visible positions come first.</param>
    /// <param name="type">The type that they are computed in: rows are kept for each.</param>
    /// <param name="compute">Passes ids and mask through the frozen layers.</param>
    internal Tensor Of(Tensor ids, Tensor mask, ScalarType type, Func<Tensor, Tensor, Tensor> compute)
    {
        using var scope = NewDisposeScope();
        using var unrecorded = no_grad();
        var length = (int)ids.shape[1];
        var numbers = ids.cpu().ReadAll<long>();
        var visible = mask.sum(1).cpu().ReadAll<long>();
        var keys = visible.Select((count, row) => (type, Key(numbers.AsSpan(row * length, (int)count)))).ToArray();
        var found = keys.Select(key => _rows.GetValueOrDefault(key)).ToArray();
        long[] missing = [.. keys.Index().Where(key => found[key.Index] is null).Select(key => (long)key.Index)];
        if (missing.Length > 0)
        {
            var chosen = tensor(missing, device: ids.device);
            var states = compute(ids.index_select(0, chosen), mask.index_select(0, chosen));
            foreach (var (i, row) in missing.Index())
                found[row] = Kept(keys[row], states[i].narrow(0, 0, visible[row]));
        }
        // A part of a batch may be shorter than the batch that its rows were padded for.
        var padded = nn.utils.rnn.pad_sequence(found.OfType<Tensor>(), batch_first: true);
        return nn.functional.pad(padded, [0, 0, 0, length - padded.shape[1]]).MoveToOuterDisposeScope();
    }

    private Tensor Kept((ScalarType Type, string Ids) key, Tensor states)
    {
        var bytes = states.NumberOfElements * states.ElementSize;
        if (_bytes + bytes > capacity || _rows.ContainsKey(key))
            return states;
        _bytes += bytes;
        return _rows[key] = states.clone().DetachFromDisposeScope();
    }

    private static string Key(ReadOnlySpan<long> ids) => Convert.ToBase64String(MemoryMarshal.AsBytes(ids));
}
