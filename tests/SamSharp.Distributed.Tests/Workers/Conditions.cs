using System.Diagnostics;
using SamSharp.Tests.Support;

namespace SamSharp.Distributed.Tests.Workers;

/// <summary>What may happen to a member of a group.</summary>
internal static class Conditions
{
    /// <summary>Prints what each member is.</summary>
    public static void Print(MpiGroup group, string[] args)
    {
        _ = args;
        var ranks = group.Sum(group.Rank)[0];
        var shared = group.Share(group.IsFirst ? "of the first: äß" : "");
        var library = group.Library.Split(',', '\n')[0].Trim();
        Console.WriteLine($"{library} {group.Rank}/{group.Size} local {group.LocalRank}/{group.LocalSize} {ranks} {shared}");
    }

    /// <summary>A signal of the processor becomes an exception, as ever.</summary>
    public static void CatchNull(MpiGroup group, string[] args)
    {
        var caught = 0;
        for (var i = 0; i < 3; i++)
        {
            try
            {
                string? none = args.Length > 100 ? "" : null;
                Console.Write(none!.Length);
            }
            catch (NullReferenceException)
            {
                caught++;
            }
            group.Barrier();
        }
        Console.WriteLine($"{caught} caught");
    }

    public static void JoinAgain(MpiGroup group, string[] args)
    {
        _ = args;
        try
        {
            MpiGroup.Init().Dispose();
        }
        catch (MpiException e)
        {
            Console.WriteLine(e.Message);
        }
        group.Barrier();
    }

    public static int Restart()
    {
        MpiGroup.Init().Dispose();
        try
        {
            MpiGroup.Init().Dispose();
        }
        catch (MpiException e)
        {
            Console.WriteLine(e.Message);
        }
        return 0;
    }

    /// <summary>Member 1 changes a weight by itself, which the comparison after some steps finds.</summary>
    public static void Part(MpiGroup group, string[] args)
    {
        _ = args;
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), Recipe.Sam() with
        {
            Exchange = group.Gradients(model: problem.Model, compareEvery: 4),
        });
        for (var t = 0; t < 12; t++)
        {
            if (t == 2 && group.Rank == 1)
            {
                using var scope = NewDisposeScope();
                using var noGradient = no_grad();
                var weight = problem.Parameters.First().view(-1).narrow(0, 0, 1);
                weight.IncreaseBy(1e-12);
            }
            optimizer.Step(() => problem.Backward(t)).Dispose();
            if (group.IsFirst) Console.WriteLine($"step {t}");
        }
    }

    /// <summary>The closure of one member throws; the others wait for it.</summary>
    public static void Throw(MpiGroup group, string[] args)
    {
        using var problem = new Problem();
        using var optimizer = new SharpnessAwareOptimizer(optim.SGD(problem.Parameters, 0.1), Recipe.Sam() with { Exchange = group.Gradients() });
        for (var t = 0; t < 3; t++)
        {
            optimizer.Step(() => t == 2 && group.Rank == 1 ? throw new InvalidOperationException("the data of step 2 cannot be read")
                : problem.Backward(t)).Dispose();
        }
        File.WriteAllText(args[0], "must not be written");
    }

    /// <summary>The same without Run, where the exception leaves Main.</summary>
    public static int LeaveUnhandled(Action? before = null)
    {
        using var group = MpiGroup.Init();
        if (group.Rank == 1)
        {
            before?.Invoke();
            throw new InvalidOperationException("nobody handles this");
        }
        group.Barrier();
        return 0;
    }

    /// <summary>Stops the process that reads this one's output for two seconds, as a busy machine may.</summary>
    public static void StopLauncher()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        var parent = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1];
        using var stop = Process.Start("sh", ["-c", $"kill -STOP {parent}; (sleep 2; kill -CONT {parent}) < /dev/null > /dev/null 2>&1 &"]);
        stop.WaitForExit();
    }
}
