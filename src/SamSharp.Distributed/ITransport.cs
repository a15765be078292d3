namespace SamSharp.Distributed;

/// <summary>What carries numbers between the members of a group. All members make the same calls in the same order.</summary>
internal interface ITransport : IDisposable
{
    int Rank { get; }

    int Size { get; }

    /// <summary>Whether sums may be taken in the memory of a CUDA device.</summary>
    bool ReadsCudaMemory { get; }

    /// <summary>Starts to replace numbers by their sums over all members. The memory must stay where it is until <see cref="FinishFirst"/>.</summary>
    /// <param name="memory">The first number: float32, or float64.</param>
    /// <param name="count">How many.</param>
    /// <param name="isDouble">Whether they are float64.</param>
    void StartSum(nint memory, int count, bool isDouble);

    /// <summary>Gives what travels a chance to get on.</summary>
    void Progress();

    /// <summary>Waits for the sum that was started first of those not waited for yet.</summary>
    void FinishFirst();

    /// <summary>Replaces numbers by their sums over all members, and waits for them.</summary>
    void Sum(Span<double> numbers);

    /// <summary>Replaces bytes by those of member 0.</summary>
    void Broadcast(nint memory, long bytes);

    /// <summary>Ends the whole job, or the whole group.</summary>
    void Abort(string reason);
}
