namespace SamSharp.Steps;

/// <summary>
/// Everything but the weights that an optimizer holds before a series of steps: the base optimizer's state, what the recipe remembers, counters,
/// running statistics, random numbers. A series that fails puts it back.
/// </summary>
internal sealed class OptimizerBackup(StepServices services) : IDisposable
{
    private readonly RunningStatistics _statistics = new(services.Options.Module);
    private readonly RandomReplay _random = new(replays: false, seed: 0);
    private FileStream? _file;

    /// <summary>Remembers the present state, in a file because a state can be larger than an array.</summary>
    public void Take()
    {
        _file ??= CheckpointFile.Temporary();
        _file.SetLength(0);
        CheckpointFile.Save(new WrapperState(services), services.Base.State()!, _file);
        _statistics.Begin();
        _random.Begin();
    }

    /// <summary>Puts the remembered state back.</summary>
    public void Return()
    {
        _file!.Position = 0;
        using var reader = new BinaryReader(_file, System.Text.Encoding.UTF8, leaveOpen: true);
        CheckpointFile.Return(reader, new WrapperState(services), services.Base.State()!);
        _statistics.Rollback();
        _random.Rollback();
    }

    public void Dispose()
    {
        _file?.Dispose();
        _statistics.Dispose();
        _random.Dispose();
    }
}
