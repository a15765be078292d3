using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>An entry that has been read and checked, and is not yet taken over.</summary>
/// <param name="Commit">Takes over the entry; cannot fail.</param>
/// <param name="Tensors">What must be freed if it is not taken over.</param>
internal readonly record struct Parsed(Action Commit, IReadOnlyList<Tensor?> Tensors);

/// <summary>Makes the load of an optimizer all or nothing: TorchSharp loads one entry after the other, and none is taken over before the
/// last has been read and checked.</summary>
internal sealed class JointLoad(TorchTwin? twin)
{
    private readonly List<object> _options = [], _states = [];
    private readonly List<Parsed> _parsed = [];

    /// <summary>TorchSharp's optimizer of the same algorithm, whose state loads as well; null if there is none.</summary>
    public TorchTwin? Twin => twin;

    private int Count => _options.Count + _states.Count;

    public void AddOptions(object options) => _options.Add(options);

    public void AddState(object state) => _states.Add(state);

    /// <summary>Reads an entry. An entry loaded out of turn, by itself, is taken over at once.</summary>
    public void Take(object entry, Func<Parsed> parse)
    {
        if (ReferenceEquals(entry, EntryAt(0))) Cancel();
        var inTurn = ReferenceEquals(entry, EntryAt(_parsed.Count));
        try
        {
            if (!inTurn) Cancel();
            var parsed = parse();
            if (inTurn) _parsed.Add(parsed);
            else parsed.Commit();
        }
        catch (EndOfStreamException e)
        {
            Cancel();
            throw new InvalidDataException("The saved optimizer state ends too early. Nothing has been loaded.", e);
        }
        catch
        {
            Cancel();
            throw;
        }
        if (_parsed.Count < Count) return;
        foreach (var parsed in _parsed) parsed.Commit();
        _parsed.Clear();
    }

    /// <summary>Frees what has been read and not taken over.</summary>
    public void Cancel()
    {
        foreach (var tensor in _parsed.SelectMany(parsed => parsed.Tensors)) tensor?.Dispose();
        _parsed.Clear();
    }

    /// <summary>The entry that is loaded as the n-th: first every group's options, then every parameter's state.</summary>
    private object EntryAt(int n) => n < _options.Count ? _options[n] : _states[n - _options.Count];
}
