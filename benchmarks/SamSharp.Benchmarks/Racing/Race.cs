namespace SamSharp.Benchmarks.Racing;

/// <summary>Runs contenders in turn, again and again, so that whatever else the machine does meets them all.</summary>
internal static class Race
{
    private const int WarmUps = 1;

    public static void Run(IReadOnlyList<Contender> contenders, int rounds)
    {
        for (var round = 0; round < WarmUps + rounds; round++)
        {
            if (round == WarmUps)
                foreach (var contender in contenders) contender.Forget();
            for (var i = 0; i < contenders.Count; i++) contenders[(i + round) % contenders.Count].Run();
        }
    }
}
