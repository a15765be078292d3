using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Loads a saved state whole or not at all.</summary>
internal static class CheckpointFile
{
    /// <summary>Reads what TorchSharp writes in front of options and states.</summary>
    public static void ReadHeader(BinaryReader reader, string expected) => Guarded(() =>
    {
        var name = WrapperState.Text(reader);
        if (name != expected)
            throw new InvalidDataException($"The state was saved by {Printable(name)}, not by {expected}. " +
                "Load a plain optimizer's state with BaseOptimizer.load_state_dict.");
        // TorchSharp writes the counts of options and states here; the wrapper's own entry says the same and more.
        _ = reader.Read7BitEncodedInt64();
        _ = reader.Read7BitEncodedInt64();
    });

    /// <summary>Loads the wrapper's and the base optimizer's state.</summary>
    /// <param name="reader">At the wrapper's entry.</param>
    /// <param name="own">The wrapper's entry.</param>
    /// <param name="all">The live entries of both, the wrapper's first.</param>
    /// <exception cref="InvalidDataException">The state is damaged or does not fit; nothing has changed.</exception>
    public static void Load(BinaryReader reader, WrapperState own, optim.Optimizer.StateDictionary all)
    {
        // State that TorchSharp creates while loading must outlive the caller's dispose scope; what a failed load has read must not.
        using var scope = NewDisposeScope();
        Action? takeOver = null;
        Guarded(() => takeOver = own.Read(reader));
        // The backup is a file because a state can be larger than an array.
        using var before = new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew,
            FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 20, FileOptions.DeleteOnClose);
        SaveBase(all, before);
        try
        {
            Guarded(() => LoadBase(all, reader));
        }
        catch
        {
            before.Position = 0;
            using var backup = new BinaryReader(before);
            LoadBase(all, backup);
            throw;
        }
        takeOver!();
        scope.Detach(scope.DisposablesView);
    }

    private static void SaveBase(optim.Optimizer.StateDictionary all, Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        foreach (var options in all.Options.Skip(1)) options.SaveStateDict(writer);
        foreach (var state in all.State) state.SaveStateDict(writer);
    }

    private static void LoadBase(optim.Optimizer.StateDictionary all, BinaryReader reader)
    {
        foreach (var options in all.Options.Skip(1)) options.LoadStateDict(reader);
        foreach (var state in all.State) state.LoadStateDict(reader);
    }

    /// <summary>Turns whatever a damaged file makes readers throw into an error that says the state is damaged.</summary>
    private static void Guarded(Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is not InvalidDataException)
        {
            throw new InvalidDataException($"The state is damaged or ends early: {e.Message}", e);
        }
    }

    private static string Printable(string text) => new([.. text.Take(60).Select(c => char.IsControl(c) ? '?' : c)]);
}
