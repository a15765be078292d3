using System.CommandLine;
using SamSharp.Benchmarks.Parity;
using SamSharp.Benchmarks.Shapes;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>The verbs that run on any device: what is checked on a CUDA machine, each check alone or all of them in turn.</summary>
internal static class DeviceCommands
{
    private static readonly Option<string?> DeviceName = new("--device") { Description = "cpu, cuda, cuda:1 and so on [cuda where there is one]" };
    private static readonly Option<ShapeSet?> Shapes = new("--shapes") { Description = "The parameters to update [T5Large on cuda, T5Small on cpu]" };
    private static readonly Option<string> Dtype = Choice("--dtype", "Of parameters and gradients", "float32", "bfloat16", "float16");

    public static IReadOnlyList<string> Names { get; } = ["device", "parity", "bandwidth", "step", "checks"];

    /// <returns>0 if all is well, 1 if a check failed, 2 for a wrong argument.</returns>
    public static int Run(string[] arguments)
    {
        var root = new RootCommand("Checks of the update on a device. Exit codes: 0 all is well, 1 a check failed, 2 wrong usage.")
        {
            Verb("device", "A product, a backward pass, and SAM on a small network beside the same on the CPU", [], r => DeviceVerb.Run(Place(r))),
            Verb("parity", "Every kernel against the reference", [], r => ParityVerb.Run(Place(r))),
            Verb("bandwidth", "Ascent, restore and base update, beside a copy of as many bytes", [Shapes, Dtype], r => BandwidthVerb.Run(Work(r))),
            Verb("step", "The phases of a whole update, whether they wait for the device, what they leave in memory", [Shapes, Dtype], r => StepVerb.Run(Work(r))),
            Verb("checks", "All of these in turn, the last two in float32 and in bfloat16, on cuda for both T5s", [Shapes], All),
        };
        var parsed = root.Parse(arguments);
        var result = parsed.Invoke();
        return parsed.Errors.Count > 0 ? 2 : result;
    }

    private static int All(ParseResult result)
    {
        var device = Place(result);
        ShapeSet?[] sets = result.GetValue(Shapes) is null && device.IsCuda ? [ShapeSet.T5Small, ShapeSet.T5Large] : [result.GetValue(Shapes)];
        var works = sets.SelectMany(shapes => new[] { new DeviceWork(device, shapes, ScalarType.Float32), new DeviceWork(device, shapes, ScalarType.BFloat16) });
        Func<int>[] checks =
        [
            () => DeviceVerb.Run(device),
            () => ParityVerb.Run(device),
            .. works.SelectMany(work => new Func<int>[] { () => BandwidthVerb.Run(work), () => StepVerb.Run(work) }),
        ];
        return checks.Max(check =>
        {
            var code = check();
            Console.WriteLine();
            return code;
        });
    }

    private static Command Verb(string name, string description, Option[] options, Func<ParseResult, int> run)
    {
        var verb = new Command(name, description) { DeviceName };
        foreach (var option in options) verb.Options.Add(option);
        verb.Validators.Add(result =>
        {
            if (result.GetValue(DeviceName) is { } device && !DeviceInfo.Exists(device))
                result.AddError($"--device {device}: there is no such device here; give cpu{(cuda.is_available() ? " or cuda" : "")}.");
        });
        verb.SetAction(run);
        return verb;
    }

    private static DeviceInfo Place(ParseResult result)
    {
        var name = result.GetValue(DeviceName) ?? (cuda.is_available() ? "cuda" : "cpu");
        return new(device(name == "cuda" ? "cuda:0" : name));
    }

    private static DeviceWork Work(ParseResult result) => new(Place(result), result.GetValue(Shapes), Enum.Parse<ScalarType>(result.GetValue(Dtype)!, ignoreCase: true));

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
