namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>
/// Chooses the learning rate of each base optimizer and the radius of each contender by the mean validation score over all tasks, at
/// one training-set size. Both sides get the same number of runs: the base first tries the given rates. Then each contender tries its
/// radii at the best rate, and the base tries as many additional rates between the best one and its neighbors.
/// </summary>
/// <param name="find">Returns the result of a finished trial, or null.</param>
public sealed class Tuning(CompareRequest request, Func<Trial, TrialResult?> find)
{
    /// <summary>The base with each given rate; empty if there is only one.</summary>
    public IEnumerable<Trial> FirstRound =>
        from optimizer in request.Optimizers
        where optimizer.Value.Length > 1
        from rate in optimizer.Value
        from trial in Trials(optimizer.Key, Contender.Base, rate, 0)
        select trial;

    /// <summary>Each contender with each of its radii, and the base with additional rates. Requires the first round.</summary>
    public IEnumerable<Trial> SecondRound =>
        from optimizer in request.Optimizers.Select(pair => pair.Key)
        from contender in request.Contenders.Append(Contender.Base)
        from setting in Settings(optimizer, contender)
        from trial in Trials(optimizer, contender, setting.LearningRate, setting.Rho)
        select trial;

    /// <summary>The best settings on the validation rows. Requires both rounds.</summary>
    public Setting Best(string optimizer, Contender contender)
    {
        if (contender.Tuned is null)
            return Best(optimizer, Contender.Base, [.. GivenRates(optimizer), .. Settings(optimizer, Contender.Base)]);
        var radii = request.RadiiOf(contender);
        return radii.Length == 1
            ? new(GivenBest(optimizer).LearningRate, radii[0])
            : Best(optimizer, contender, Settings(optimizer, contender));
    }

    /// <summary>All tried settings with their mean scores.</summary>
    public IEnumerable<(string Optimizer, Contender Contender, Setting Setting, double Score)> Tried =>
        from optimizer in request.Optimizers.Select(pair => pair.Key)
        from contender in request.Contenders.Where(contender => contender.Tuned is not null).Prepend(Contender.Base)
        from setting in contender.Tuned is not null ? Settings(optimizer, contender)
            : request.Optimizers.First(pair => pair.Key == optimizer).Value.Length > 1
                ? [.. GivenRates(optimizer), .. Settings(optimizer, contender)]
                : []
        select (optimizer, contender, setting, Score(optimizer, contender, setting));

    private int Radii => request.Contenders.Where(contender => contender.Tuned is not null)
        .Select(contender => request.RadiiOf(contender).Length).DefaultIfEmpty(0).Max();

    private Setting[] GivenRates(string optimizer) =>
        [.. request.Optimizers.First(pair => pair.Key == optimizer).Value.Select(rate => new Setting(rate, 0))];

    private Setting GivenBest(string optimizer) => Best(optimizer, Contender.Base, GivenRates(optimizer));

    // The settings of the second round.
    private Setting[] Settings(string optimizer, Contender contender)
    {
        if (contender.Tuned is not null)
            return request.RadiiOf(contender) is { Length: > 1 } radii
                ? [.. radii.Select(rho => new Setting(GivenBest(optimizer).LearningRate, rho))]
                : [];
        if (contender != Contender.Base || Radii < 2 || GivenRates(optimizer).Length < 2)
            return [];
        double[] rates = [.. GivenRates(optimizer).Select(setting => setting.LearningRate).Order()];
        var best = GivenBest(optimizer).LearningRate;
        return [.. FurtherRates(best, rates).Select(rate => new Setting(rate, 0))];
    }

    // Evenly spaced on a logarithmic scale, half below and half above the best rate, up to its neighbors; a missing neighbor is mirrored.
    private IEnumerable<double> FurtherRates(double best, double[] rates)
    {
        var place = Array.IndexOf(rates, best);
        var down = place > 0 ? best / rates[place - 1] : rates[1] / best;
        var up = place < rates.Length - 1 ? rates[place + 1] / best : down;
        var (below, above) = (Radii / 2, Radii - (Radii / 2));
        return Enumerable.Range(1, below).Select(i => best * Math.Pow(down, -i / (below + 1.0)))
            .Concat(Enumerable.Range(1, above).Select(i => best * Math.Pow(up, i / (above + 1.0))));
    }

    private IEnumerable<Trial> Trials(string optimizer, Contender contender, double rate, double rho) =>
        from task in request.Tasks.Select(named => named.Split('=')[0])
        from seed in request.TuningSeeds
        select new Trial(
            task, optimizer, contender.Name, request.TuningSize.Rows, contender.Steps(request.TuningSize.Steps, rho), seed, rate, rho,
            request.LabelNoise, Tuning: true);

    private Setting Best(string optimizer, Contender contender, Setting[] settings) =>
        settings.Length == 1 ? settings[0] : settings.MaxBy(setting => Score(optimizer, contender, setting))!;

    private double Score(string optimizer, Contender contender, Setting setting) => Trials(optimizer, contender, setting.LearningRate, setting.Rho)
        .Average(trial => find(trial)?.Score ?? throw new InvalidOperationException($"The tuning run {trial.Name} is not done."));
}
