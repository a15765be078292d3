namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>Which checkpoints a run leaves.</summary>
/// <param name="Every">Steps from one to the next; 0 saves at the end only.</param>
/// <param name="Keep">How many are kept.</param>
public sealed record CheckpointRequest(int Every = 0, int Keep = 2)
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (Every < 0) throw new ArgumentException($"--save-every is {Every}: it must be 0 (at the end only) or more.");
        if (Keep < 1) throw new ArgumentException($"--keep is {Keep}: it must be at least 1.");
    }
}
