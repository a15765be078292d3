using TorchSharp.Modules;

namespace SamSharp.Optimizers;

/// <summary>The hyper-parameters of a param group; what is null is taken from the optimizer when the group is added.</summary>
public abstract class GroupOptions : OptimizerOptions
{
    private const byte FormatVersion = 1;

    private protected GroupOptions()
    {
    }

    /// <summary>Every number but the learning rate, in the order in which they are saved.</summary>
    private protected abstract double?[] Numbers { get; set; }

    /// <summary>Every flag, in the order in which they are saved.</summary>
    private protected abstract bool?[] Flags { get; set; }

    internal void FillFrom(GroupOptions defaults)
    {
        LearningRate ??= defaults.LearningRate;
        Numbers = [.. Numbers.Zip(defaults.Numbers, (own, other) => own ?? other)];
        Flags = [.. Flags.Zip(defaults.Flags, (own, other) => own ?? other)];
    }

    internal virtual void Validate() => Require(LearningRate is >= 0 and < double.PositiveInfinity, "lr", LearningRate, "finite and not negative");

    private protected static void Require(bool holds, string name, double? value, string rule)
    {
        if (!holds) throw new ArgumentException(FormattableString.Invariant($"{name} is {value}; it must be {rule}."));
    }

    /// <inheritdoc/>
    public override void SaveStateDict(BinaryWriter writer)
    {
        base.SaveStateDict(writer);
        writer.Write(FormatVersion);
        foreach (var number in Numbers) writer.Write(number!.Value);
        foreach (var flag in Flags) writer.Write(flag!.Value);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The data were written in another format.</exception>
    public override void LoadStateDict(BinaryReader reader)
    {
        base.LoadStateDict(reader);
        var version = reader.ReadByte();
        if (version != FormatVersion)
            throw new InvalidDataException($"The saved optimizer state has format {version}; this version of SamSharp reads format {FormatVersion}.");
        Numbers = Array.ConvertAll(Numbers, double? (_) => reader.ReadDouble());
        Flags = Array.ConvertAll(Flags, bool? (_) => reader.ReadBoolean());
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The options are another optimizer's.</exception>
    public override void LoadStateDict(OptimizerOptions source)
    {
        if (source is not GroupOptions options || options.GetType() != GetType())
            throw new ArgumentException($"The options are {source?.GetType()}; {GetType()} are needed.");
        base.LoadStateDict(source);
        (Numbers, Flags) = (options.Numbers, options.Flags);
    }
}
