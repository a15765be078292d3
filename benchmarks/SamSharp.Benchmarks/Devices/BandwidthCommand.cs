using System.CommandLine;
using SamSharp.Benchmarks.Shapes;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>The options of <c>bandwidth</c>.</summary>
internal static class BandwidthCommand
{
    private static readonly Option<string?> DeviceName = new("--device") { Description = "cpu, cuda, cuda:1 and so on [cuda where there is one]" };
    private static readonly Option<ShapeSet?> Shapes = new("--shapes") { Description = "The parameters to update [T5Large on cuda, T5Small on cpu]" };
    private static readonly Option<string> Dtype = Choice("--dtype", "Of parameters and gradients", "float32", "bfloat16", "float16");

    /// <returns>0, or 2 for a wrong argument.</returns>
    public static int Run(string[] arguments)
    {
        var root = new RootCommand("Ascent, restore and base update on a device, beside a copy of as many bytes.") { DeviceName, Shapes, Dtype };
        root.Validators.Add(result =>
        {
            if (result.GetValue(DeviceName) is { } device && !DeviceInfo.Names.Contains(device))
                result.AddError($"--device {device}: there is no such device here; give {string.Join(" or ", DeviceInfo.Names)}.");
        });
        root.SetAction(result => BandwidthVerb.Run(Work(result)));
        var parsed = root.Parse(arguments);
        var result = parsed.Invoke();
        return parsed.Errors.Count > 0 ? 2 : result;
    }

    private static DeviceWork Work(ParseResult result) => new(
        DeviceInfo.Find(result.GetValue(DeviceName) ?? (cuda.is_available() ? "cuda" : DeviceInfo.Cpu)),
        result.GetValue(Shapes),
        Enum.Parse<ScalarType>(result.GetValue(Dtype)!, ignoreCase: true));

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
