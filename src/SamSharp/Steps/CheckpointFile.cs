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
        using var scope = NewDisposeScope(); // what a failed load has read dies with it
        Action? takeOver = null;
        Guarded(() => takeOver = own.Read(reader));
        // The backup is a file because a state can be larger than an array.
        using var before = Temporary();
        SaveBase(all, before);
        Lasting(() =>
        {
            try
            {
                Guarded(() => LoadBase(all, ReaderFor(own, reader)));
            }
            catch
            {
                before.Position = 0;
                using var backup = new BinaryReader(before);
                LoadBase(all, backup);
                throw;
            }
        });
        takeOver!();
        scope.Detach(scope.DisposablesView);
    }

    /// <summary>What TorchSharp creates while it loads a state, or puts one back, outlives every dispose scope.</summary>
    private static void Lasting(Action load)
    {
        using var scope = NewDisposeScope();
        try
        {
            load();
        }
        finally
        {
            scope.Detach(scope.DisposablesView);
        }
    }

    /// <summary>Saves the wrapper's and the base optimizer's state for <see cref="Return"/>.</summary>
    public static void Save(WrapperState own, optim.Optimizer.StateDictionary ofBase, Stream stream)
    {
        using (var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true)) own.SaveStateDict(writer);
        SaveBase(ofBase, stream);
    }

    /// <summary>Loads what <see cref="Save"/> has just written for the same optimizer.</summary>
    public static void Return(BinaryReader reader, WrapperState own, optim.Optimizer.StateDictionary ofBase)
    {
        using var scope = NewDisposeScope();
        var takeOver = own.Read(reader);
        Lasting(() => LoadBase(ofBase, reader));
        takeOver();
        scope.Detach(scope.DisposablesView);
    }

    /// <summary>A file that is gone once it is closed.</summary>
    public static FileStream Temporary() => new(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew,
        FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 12, FileOptions.DeleteOnClose);

    private static BinaryReader ReaderFor(WrapperState own, BinaryReader reader) => own.IsTorchSharps ? SavedBytes.ForTorchSharp(reader) : reader;

    private static void SaveBase(optim.Optimizer.StateDictionary all, Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        foreach (var options in all.Options.Where(options => options is not WrapperState)) options.SaveStateDict(writer);
        foreach (var state in all.State) state.SaveStateDict(writer);
    }

    private static void LoadBase(optim.Optimizer.StateDictionary all, BinaryReader reader)
    {
        foreach (var options in all.Options.Where(options => options is not WrapperState)) options.LoadStateDict(reader);
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
