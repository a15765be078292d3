using System.Globalization;
using SamSharp.Tests.Support;

namespace SamSharp.Distributed.Tests.Workers;

/// <summary>Training with a checkpoint after every few steps, which goes on from the last one wherever it was interrupted.</summary>
internal static class CheckpointedTraining
{
    private const int SaveEvery = 5;

    /// <param name="group">The group.</param>
    /// <param name="args">The folder, the number of steps, and how long each takes at least, in milliseconds.</param>
    public static void Run(MpiGroup group, string[] args)
    {
        var (folder, steps, pause) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture));
        using var training = new FolderLock(group, folder);
        using var problem = new Problem(batchNorm: true);
        group.Broadcast(problem.Model);
        using var optimizer = new SharpnessAwareOptimizer(optim.AdamW(problem.Parameters, 0.01), Recipe.Vasso(0.2) with
        {
            Module = problem.Model,
            Exchange = group.Gradients(model: problem.Model, compareEvery: 10),
        });
        var start = Load(group, folder, problem, optimizer);
        for (var t = start; t < steps; t++)
        {
            optimizer.Step(() => problem.Backward((t * group.Size) + group.Rank)).Dispose();
            if (pause > 0) Thread.Sleep(pause);
            if ((t + 1) % SaveEvery == 0) Save(group, folder, t + 1, problem, optimizer);
        }
        if (group.IsFirst) Console.WriteLine($"done: {steps} steps, from {start}");
    }

    /// <summary>Every member writes its own state into a new folder; once all have, the first gives the folder its name.</summary>
    private static void Save(MpiGroup group, string folder, int step, Problem problem, SharpnessAwareOptimizer optimizer)
    {
        var (unfinished, finished) = (Path.Combine(folder, "unfinished"), Path.Combine(folder, $"step{step}"));
        if (group.IsFirst)
        {
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
            Directory.CreateDirectory(unfinished);
            problem.Model.save(Path.Combine(unfinished, "model.bin"));
        }
        group.Barrier();
        if (!group.IsFirst) problem.Model.save(group.OwnFile(Path.Combine(unfinished, "model.bin"))); // its buffers are its own
        optimizer.save_state_dict(group.OwnFile(Path.Combine(unfinished, "optimizer.bin")));
        group.Barrier();
        if (group.IsFirst)
        {
            if (Directory.Exists(finished)) Directory.Delete(finished, recursive: true);
            Directory.Move(unfinished, finished);
        }
    }

    private static int Load(MpiGroup group, string folder, Problem problem, SharpnessAwareOptimizer optimizer)
    {
        var last = (int)group.Sum(!group.IsFirst ? 0 : Directory.EnumerateDirectories(folder, "step*")
            .Select(path => int.Parse(Path.GetFileName(path)["step".Length..], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max())[0];
        if (last == 0) return 0;
        var saved = Path.Combine(folder, $"step{last}");
        problem.Model.load(group.IsFirst ? Path.Combine(saved, "model.bin") : group.OwnFile(Path.Combine(saved, "model.bin")));
        optimizer.load_state_dict(group.OwnFile(Path.Combine(saved, "optimizer.bin")));
        return last;
    }

    /// <summary>Keeps a second job out of the folder.</summary>
    private sealed class FolderLock : IDisposable
    {
        private readonly FileStream? _file;

        public FolderLock(MpiGroup group, string folder)
        {
            if (group.IsFirst)
            {
                try
                {
                    _file = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                }
                catch (IOException)
                {
                    throw new InvalidOperationException($"Another job trains in {folder}.");
                }
            }
            group.Barrier();
        }

        public void Dispose() => _file?.Dispose();
    }
}
