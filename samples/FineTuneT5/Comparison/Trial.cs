using System.Globalization;

namespace SamSharp.Samples.FineTuneT5.Comparison;

/// <summary>One training run of a comparison: all settings that differ between runs.</summary>
/// <param name="Rows">The training rows.</param>
/// <param name="Rho">0 for the base optimizer.</param>
/// <param name="LabelNoise">The share of the training labels that is replaced by wrong ones.</param>
/// <param name="Tuning">Whether it is scored on the validation rows, to choose settings, or on the test rows.</param>
public sealed record Trial(
    string Task, string Optimizer, string Contender, RowCount Rows, int Steps, int Seed, double LearningRate, double Rho, double LabelNoise,
    bool Tuning)
{
    /// <summary>A unique file name.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture,
        $"{(Tuning ? "tuning-" : "")}{Cell}-{FileName(Contender)}-steps{Steps}-lr{LearningRate:G6}-rho{Rho:G6}");

    /// <summary>The key that paired trials share.</summary>
    public string Cell => string.Create(CultureInfo.InvariantCulture,
        $"{Task}-{Optimizer}-{FileName($"{Rows}")}{(LabelNoise > 0 ? $"-noise{LabelNoise:G6}" : "")}-seed{Seed}");

    private static string FileName(string contender) => contender.Replace('/', '_').Replace('*', 'x').Replace(':', '_');
}
