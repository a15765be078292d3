using System.Numerics;

namespace SamSharp.Distributed;

/// <summary>A member of a group of threads: sums are taken at once, each thread adding its part of the memory in the order of the members.</summary>
internal sealed unsafe class ThreadTransport(ThreadMeeting meeting, int rank) : ITransport
{
    public int Rank => rank;

    public int Size => meeting.Size;

    public bool ReadsCudaMemory => false;

    public void StartSum(nint memory, int count, bool isDouble)
    {
        if (isDouble) Add<double>(memory, count);
        else Add<float>(memory, count);
    }

    public void Progress()
    {
    }

    public void FinishFirst()
    {
    }

    public void Sum(Span<double> numbers)
    {
        fixed (double* memory = numbers) Add<double>((nint)memory, numbers.Length);
    }

    public void Broadcast(nint memory, long bytes)
    {
        var first = meeting.Show(Rank, memory)[0];
        if (Rank > 0) Buffer.MemoryCopy((void*)first, (void*)memory, bytes, bytes);
        meeting.Meet();
    }

    public void Abort(string reason) => meeting.Fail(new InvalidOperationException(reason));

    public void Dispose()
    {
    }

    private void Add<T>(nint memory, int count) where T : unmanaged, INumber<T>
    {
        var members = meeting.Show(Rank, memory);
        int from = (int)((long)count * Rank / Size), to = (int)((long)count * (Rank + 1) / Size);
        for (var i = from; i < to; i++)
        {
            var sum = ((T*)members[0])[i];
            for (var member = 1; member < members.Length; member++) sum += ((T*)members[member])[i];
            for (var member = 0; member < members.Length; member++) ((T*)members[member])[i] = sum;
        }
        meeting.Meet();
    }
}
