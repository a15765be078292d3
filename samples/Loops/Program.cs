using System.Globalization;
using SamSharp.Samples.Loops;
using static TorchSharp.torch;

// Published training loops around SAM, each small enough to copy: dotnet run -c Release --project samples/Loops -- <verb>
// They end in seconds and save nothing; the remarks of each say what to keep so that it can go on after a stop.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not [var name] || !Loop.All.TryGetValue(name, out var loop))
{
    Console.WriteLine("Usage: dotnet run -c Release --project samples/Loops -- <verb>");
    foreach (var (verb, (paper, _)) in Loop.All) Console.WriteLine($"  {verb,-14} {paper}");
    return args.Length == 0 || args is ["-h" or "--help"] ? 0 : 2;
}
set_num_threads(1); // the tensors are tiny
Console.WriteLine(loop.Paper);
using var scope = NewDisposeScope();
loop.Run(Console.Out);
return 0;
