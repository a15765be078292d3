using System.Globalization;

namespace SamSharp.Samples.T5.Hub;

/// <summary>Retries transient failures after 1, 2, 4 and 8 seconds, or when the server says.</summary>
/// <param name="delay">Waits.</param>
internal sealed class HubRetry(Func<TimeSpan, CancellationToken, Task> delay)
{
    public const int Attempts = 5;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    /// <param name="position">Progress so far; an attempt that gets further than all earlier ones resets the count.</param>
    /// <param name="pausing">Called with the reason for a pause.</param>
    public async Task<T> RunAsync<T>(Func<Task<T>> attempt, Func<long> position, Action<string> pausing, CancellationToken cancellation)
    {
        var furthest = position();
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
                if (failures == Attempts)
                    throw new HubException($"{error.Message} Gave up after {Attempts} attempts.", error);
                var wait = error.RetryAfter ?? TimeSpan.FromSeconds(1 << (failures - 1));
                if (wait > LongestWait)
                    throw new HubException(
                        $"{error.Message} The server asks to wait {wait.TotalMinutes.ToString("N0", CultureInfo.InvariantCulture)} minutes.", error);
                pausing($"{error.Message} Trying again in {wait.TotalSeconds.ToString("N0", CultureInfo.InvariantCulture)} s.");
                await delay(wait, cancellation);
            }
        }
    }
}
