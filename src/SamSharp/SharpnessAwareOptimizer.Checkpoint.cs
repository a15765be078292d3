using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>State, saved and loaded with the base optimizer's. Files are TorchSharp's own, read and written by the inherited <c>save_state_dict</c>.</content>
public partial class SharpnessAwareOptimizer
{
    /// <summary>How many steps have been made, skipped ones included.</summary>
    internal long Steps
    {
        get => _steps;
        set => _steps = value;
    }

    /// <summary>The state of wrapper and base optimizer: the base's entries, behind one of the wrapper's own.</summary>
    /// <exception cref="InvalidOperationException">The weights are perturbed, or the base optimizer has no state dictionary.</exception>
    public override StateDictionary state_dict()
    {
        RequireAtRest("State cannot be saved or loaded");
        var state = (BaseOptimizer as OptimizerHelper ?? throw new InvalidOperationException(
            $"{BaseOptimizer.GetType().Name} has no state dictionary, so its state cannot be saved or loaded.")).state_dict();
        state.Options.Insert(0, new SharpnessAwareHeader(this, _table));
        return state;
    }

    /// <summary>Takes over the state of another optimizer of the same make-up.</summary>
    /// <param name="state_dict">What <see cref="state_dict()"/> returned.</param>
    /// <exception cref="InvalidDataException">It belongs to an optimizer of another make-up.</exception>
    public override void load_state_dict(StateDictionary state_dict)
    {
        ArgumentNullException.ThrowIfNull(state_dict);
        var own = this.state_dict();
        if (state_dict.Options.FirstOrDefault() is not SharpnessAwareHeader header)
            throw new InvalidDataException("This is no state of a SharpnessAwareOptimizer. The state of a plain optimizer belongs into BaseOptimizer.load_state_dict.");
        own.Options[0].LoadStateDict(header);

        using var scope = NewDisposeScope();
        foreach (var (mine, theirs) in own.Options.Zip(state_dict.Options).Skip(1).Where(pair => pair.First != pair.Second)) mine.LoadStateDict(theirs);
        foreach (var (mine, theirs) in own.State.Zip(state_dict.State).Where(pair => pair.First != pair.Second))
        {
            // TorchSharp's SGD fails on a state without a momentum buffer, as it is before the first step.
            if (theirs is SGD.State { momentum_buffer: null }) mine.Initialize(own.Options[^1]);
            else mine.LoadStateDict(theirs);
        }
        scope.Detach(scope.DisposablesView);
    }

    /// <summary>Loads what <c>save_state_dict</c> wrote.</summary>
    /// <param name="location">The file.</param>
    /// <exception cref="InvalidDataException">It belongs to an optimizer of another make-up; the message names the difference, and nothing has changed.</exception>
    public new void load_state_dict(string location)
    {
        using var reader = new BinaryReader(File.OpenRead(location));
        load_state_dict(reader);
    }

    /// <summary>Loads what <c>save_state_dict</c> wrote.</summary>
    /// <param name="reader">At the state's first byte.</param>
    /// <exception cref="InvalidDataException">It belongs to an optimizer of another make-up; the message names the difference, and nothing has changed.</exception>
    public new void load_state_dict(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var own = state_dict();
        var name = reader.ReadString();
        if (name != nameof(SharpnessAwareOptimizer))
            throw new InvalidDataException($"The state was saved by {name}, not by {nameof(SharpnessAwareOptimizer)}. The state of a plain optimizer belongs into BaseOptimizer.load_state_dict.");
        // The numbers of options and states, as TorchSharp writes them; the header says the same and more.
        _ = reader.Read7BitEncodedInt64();
        _ = reader.Read7BitEncodedInt64();

        // State that TorchSharp makes while loading must outlive the caller's dispose scope.
        using var scope = NewDisposeScope();
        foreach (var options in own.Options) options.LoadStateDict(reader);
        foreach (var state in own.State) state.LoadStateDict(reader);
        scope.Detach(scope.DisposablesView);
    }
}
