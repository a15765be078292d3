using System.Globalization;
using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Devices;

/// <summary>What is updated, and where.</summary>
internal sealed record DeviceWork(DeviceInfo Device, ShapeSet? Given, ScalarType Dtype)
{
    private ShapeSet Shapes => Given ?? (Device.IsCuda ? ShapeSet.T5Large : ShapeSet.T5Small);

    public ParameterSet MakeParameters() => new(Shapes, Device.Place, Dtype);

    public string Describe(ParameterSet set) => string.Create(CultureInfo.InvariantCulture,
        $"{Shapes} in {Dtype.ToString().ToLowerInvariant()}, {set.Parameters.Length:N0} parameters, {set.Elements:N0} elements, on {Device}");
}
