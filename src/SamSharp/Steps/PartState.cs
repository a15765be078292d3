namespace SamSharp.Steps;

/// <summary>
/// The state of the parts of a recipe, on its way into a checkpoint or out of it. One method of the part serves both ways:
/// <c>_count = state.Count("count", _count)</c> hands the value over when saving, and gets the saved one back when loading.
/// </summary>
public abstract class PartState
{
    private protected PartState()
    {
    }

    /// <summary>A number to keep; returns it, or the saved one when loading.</summary>
    public abstract double Number(string name, double value);

    /// <summary>A whole number to keep; returns it, or the saved one when loading.</summary>
    public abstract long Count(string name, long value);

    /// <summary>Tensors to keep; replaced by the saved ones when loading.</summary>
    public abstract void Tensors(string name, SlotTensors tensors);
}
