using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// The random numbers of a step. On request every pass draws the same ones, so that dropout drops the same units in each (as google-research/sam,
/// which reuses its key); and a step that throws leaves the generator as it found it. TorchSharp cannot read the state of the CUDA generators, so a
/// replay seeds them at the start of every pass with a number that differs from step to step and from one part of a batch to the next.
/// </summary>
/// <param name="replays">Whether passes draw the same numbers.</param>
/// <param name="seed">Seed for the CUDA generators.</param>
internal sealed class RandomReplay(bool replays, long seed) : IDisposable
{
    private Tensor? _start, _pass;
    private long _cudaSeed;

    /// <summary>Seeds the CUDA generators; tests replace it to listen.</summary>
    internal Action<long> SeedCuda { get; set; } = number => cuda.manual_seed_all(number);

    /// <summary>Called when a step begins.</summary>
    public void Begin() => Hold(ref _start);

    /// <summary>Called before the first pass of a step, or of a part of its batch.</summary>
    public void BeginPasses(long step, int draw, bool onCuda)
    {
        if (!replays) return;
        Hold(ref _pass);
        _cudaSeed = unchecked((((seed * 1_000_003) + step) * 1_009) + draw);
        if (onCuda) SeedCuda(_cudaSeed);
    }

    /// <summary>Called before each further pass.</summary>
    public void Rewind(bool onCuda)
    {
        if (!replays || _pass is null) return;
        SetState(_pass);
        if (onCuda) SeedCuda(_cudaSeed);
    }

    /// <summary>Sets the generator back to where the step began.</summary>
    public void Rollback()
    {
        if (_start is not null) SetState(_start);
    }

    /// <summary>Frees the states of a step.</summary>
    public void Dispose()
    {
        _start?.Dispose();
        _pass?.Dispose();
        _start = _pass = null;
    }

    private static void Hold(ref Tensor? state)
    {
        state?.Dispose();
        using var generator = Generator.Default; // random.get_rng_state() leaves one to the collector
        state = generator.get_state().DetachFromDisposeScope();
    }

    private static void SetState(Tensor state)
    {
        using var generator = Generator.Default;
        generator.set_state(state);
    }
}
