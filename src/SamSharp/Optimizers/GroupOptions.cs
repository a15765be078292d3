using TorchSharp.Modules;

namespace SamSharp.Optimizers;

/// <summary>The hyperparameters of a param group; null values come from the optimizer when the group is added. Only this library
/// derives from it.</summary>
public abstract class GroupOptions : OptimizerOptions
{
    private const byte FormatVersion = 1;

    private protected GroupOptions()
    {
    }

    /// <summary>The optimizer's load, once the group is part of one.</summary>
    internal JointLoad? Loading { get; set; }

    /// <summary>What a step adds to the gradient if it is linear; otherwise null.</summary>
    internal virtual LinearStep? NextStep => null;

    /// <summary>Every number except the learning rate, in the order of the saved state.</summary>
    private protected abstract double?[] Numbers { get; set; }

    /// <summary>Every flag, in the order of the saved state.</summary>
    private protected virtual bool?[] Flags
    {
        get => [];
        set { }
    }

    internal virtual void FillFrom(GroupOptions defaults)
    {
        LearningRate ??= defaults.LearningRate;
        FillOthersFrom(defaults);
    }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    internal virtual void Validate() => Require(LearningRate is >= 0 and < double.PositiveInfinity, "lr", LearningRate, "finite and not negative");

    /// <summary>The same for values that an optimizer has saved.</summary>
    internal virtual void ValidateLoaded() => Validate();

    /// <summary>Called before the parameters' own step t = 1, 2, ... of the group, and when the group is added.</summary>
    internal virtual void Begin(long step)
    {
    }

    internal GroupOptions Copy() => (GroupOptions)MemberwiseClone();

    /// <summary>Takes over another's values, null ones included.</summary>
    internal void Return(GroupOptions before)
    {
        CopyFrom(before);
        Loading = before.Loading;
    }

    private protected void FillOthersFrom(GroupOptions defaults)
    {
        Numbers = [.. Numbers.Zip(defaults.Numbers, (own, other) => own ?? other)];
        Flags = [.. Flags.Zip(defaults.Flags, (own, other) => own ?? other)];
    }

    /// <summary>The options of a group that may not have any yet.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    internal static T Of<T>(T? options)
        where T : GroupOptions => options ?? throw new InvalidOperationException(Unset);

    /// <summary>An option that may not be set yet.</summary>
    /// <exception cref="InvalidOperationException">It is not set.</exception>
    internal static double Of(double? option) => option ?? throw new InvalidOperationException(Unset);

    private const string Unset = "It is not set yet: the optimizer that takes up a param group sets what the group leaves out.";

    private protected static void Require(bool holds, string name, double? value, string rule)
    {
        if (!holds) throw new ArgumentOutOfRangeException(name, FormattableString.Invariant($"{name} is {value}; it must be {rule}."));
    }

    /// <inheritdoc/>
    public override void SaveStateDict(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        base.SaveStateDict(writer);
        writer.Write(FormatVersion);
        foreach (var number in Numbers) writer.Write(number!.Value);
        foreach (var flag in Flags) writer.Write(flag!.Value);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The data were written in another format, or a value is out of range; nothing has
    /// changed.</exception>
    public override void LoadStateDict(BinaryReader reader)
    {
        Parsed Parse()
        {
            var loaded = Copy();
            loaded.Read(reader);
            return new(() => CopyFrom(loaded), []);
        }

        if (Loading is null) Parse().Commit();
        else Loading.Take(this, Parse);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The options belong to another optimizer, or a value is out of range; nothing has changed.</exception>
    public override void LoadStateDict(OptimizerOptions source)
    {
        Parsed Parse()
        {
            var options = source as GroupOptions ?? Loading?.Twin?.Read(source);
            if (options?.GetType() != GetType()) throw new ArgumentException($"The options are {source?.GetType()}; {GetType()} are needed.");
            var loaded = options.Copy();
            loaded.ValidateLoaded();
            return new(() => CopyFrom(loaded), []);
        }

        if (Loading is null) Parse().Commit();
        else Loading.Take(this, Parse);
    }

    private void Read(BinaryReader reader)
    {
        base.LoadStateDict(reader);
        var version = reader.ReadByte();
        if (version != FormatVersion)
            throw new InvalidDataException($"The saved optimizer state has format {version}; this version of SamSharp reads format {FormatVersion}.");
        Numbers = Array.ConvertAll(Numbers, double? (_) => reader.ReadDouble());
        Flags = Array.ConvertAll(Flags, bool? (_) => SavedTensor.ReadFlag(reader));
        try
        {
            ValidateLoaded();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The saved options of a param group cannot be used: {e.Message}", e);
        }
    }

    private void CopyFrom(GroupOptions loaded)
    {
        base.LoadStateDict(loaded);
        (Numbers, Flags) = (loaded.Numbers, loaded.Flags);
    }
}
