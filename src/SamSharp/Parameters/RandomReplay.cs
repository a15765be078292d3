using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Makes every pass of a step draw the same random numbers, so that dropout cuts the same units in each (google-research/sam reuses its key
/// likewise). The CPU generator's state is taken and set back. TorchSharp cannot read the CUDA generators' state, so these are seeded at the start of every pass
/// with a number that differs from step to step.
/// </summary>
internal sealed class RandomReplay(long seed) : IDisposable
{
    private Tensor? _state;

    /// <summary>Called before the first pass of a step.</summary>
    public void Begin(long step, bool onCuda)
    {
        _state?.Dispose();
        _state = random.get_rng_state().DetachFromDisposeScope();
        SeedCuda(step, onCuda);
    }

    /// <summary>Called before each further pass.</summary>
    public void Rewind(long step, bool onCuda)
    {
        if (_state is not null) random.set_rng_state(_state);
        SeedCuda(step, onCuda);
    }

    public void Dispose()
    {
        _state?.Dispose();
        _state = null;
    }

    private void SeedCuda(long step, bool onCuda)
    {
        if (onCuda) cuda.manual_seed_all(unchecked(seed * 1_000_003 + step));
    }
}
