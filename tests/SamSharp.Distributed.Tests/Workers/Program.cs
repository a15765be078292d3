using SamSharp.Distributed.Tests.Support;

namespace SamSharp.Distributed.Tests.Workers;

/// <summary>What mpirun starts: this assembly with the name of a work and its arguments.</summary>
public static class Program
{
    private static readonly Dictionary<string, Action<MpiGroup, string[]>> Works = new()
    {
        ["oracle"] = (group, args) => OracleRun.Write(group, args[0]),
        ["library"] = Conditions.Print,
        ["null"] = Conditions.CatchNull,
        ["again"] = Conditions.JoinAgain,
        ["parted"] = Conditions.Part,
        ["throw"] = Conditions.Throw,
        ["train"] = CheckpointedTraining.Run,
    };

    private static readonly Dictionary<string, Func<int>> WithoutRun = new()
    {
        ["restart"] = Conditions.Restart,
        ["unhandled"] = () => Conditions.LeaveUnhandled(),
        ["unhandled, a slow launcher"] = () => Conditions.LeaveUnhandled(Conditions.StopLauncher),
    };

    public static int Main(string[] args)
    {
        if (args.Length == 0) return 2;
        return WithoutRun.TryGetValue(args[0], out var run) ? run() : MpiGroup.Run(group => Works[args[0]](group, args[1..]));
    }
}
