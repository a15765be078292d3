using System.Globalization;

namespace SamSharp.Samples.T5.Hub;

/// <summary>Retries transient failures after 1, 2, 4 and 8 seconds, or when the server says; where there is no answer at all, once.</summary>
/// <param name="delay">Waits.</param>
internal sealed class HubRetry(Func<TimeSpan, CancellationToken, Task> delay)
{
    public const int Attempts = 5;

    /// <summary>Without a network, waiting helps nobody.</summary>
    public const int AttemptsWithoutAnswer = 2;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    /// <param name="position">Progress so far; an attempt that gets further than all earlier ones resets the count.</param>
    /// <param name="pausing">Called with the reason for a pause.</param>
    public async Task<T> RunAsync<T>(Func<Task<T>> attempt, Func<long> position, Action<string> pausing, CancellationToken cancellation)
    {
        var start = position();
        var furthest = start;
        string? told = null;
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await attempt();
            }
            catch (HubException error) when (error.IsTransient)
            {
                if (position() > furthest)
                    (furthest, failures) = (position(), 1);
                var attempts = error.IsUnreachable && furthest == start ? AttemptsWithoutAnswer : Attempts;
                if (failures >= attempts)
                    throw new HubException($"{error.Message} Gave up after {failures} attempts.", error);
                var wait = error.RetryAfter ?? TimeSpan.FromSeconds(1 << (failures - 1));
                if (wait > LongestWait)
                    throw new HubException(
                        $"{error.Message} The server asks to wait {wait.TotalMinutes.ToString("N0", CultureInfo.InvariantCulture)} minutes.", error);
                // The reason is given once, and by the error in the end.
                var again = $"Trying again in {wait.TotalSeconds.ToString("N0", CultureInfo.InvariantCulture)} s.";
                pausing(error.IsUnreachable ? $"No answer. {again}" : error.Message == told ? again : $"{error.Message} {again}");
                told = error.Message;
                await delay(wait, cancellation);
            }
        }
    }
}
