namespace SamSharp.Samples.FineTuneT5.Setup;

/// <summary>The checkpoints that a run keeps.</summary>
/// <param name="Every">Steps between checkpoints; 0 saves only at the end.</param>
/// <param name="Keep">Number of checkpoints to keep.</param>
public sealed record CheckpointRequest(int Every = 0, int Keep = 2)
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (Every < 0) throw new ArgumentException($"--save-every is {Every}: it must be 0 (only at the end) or more.");
        if (Keep < 1) throw new ArgumentException($"--keep is {Keep}: it must be at least 1.");
    }
}
