using System.Text.Json;
using SamSharp.Optimizers;
using SamSharp.Tests.Golden;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Every trajectory of golden/adafactor, by every kernel, in every precision it was recorded in.</summary>
[TensorScope]
public class AdafactorGoldenTests
{
    private static readonly JsonElement Index = GoldenFolder.Json("adafactor", "index.json");

    public static TheoryData<string, string, UpdateKernels> Runs()
    {
        var runs = new TheoryData<string, string, UpdateKernels>();
        foreach (var config in Index.GetProperty("configs").EnumerateObject())
        {
            foreach (var file in config.Value.GetProperty("files").EnumerateObject())
            {
                foreach (var kernel in Enum.GetValues<UpdateKernels>()) runs.Add(config.Name, file.Name, kernel);
            }
        }
        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Weights_and_state_follow_the_recorded_run(string config, string precision, UpdateKernels kernel)
    {
        using var scope = NewDisposeScope();
        var run = Index.GetProperty("configs").GetProperty(config);
        var problem = Safetensors.ReadAll(GoldenFolder.At("adafactor", "problem.safetensors"));
        var expected = Safetensors.ReadAll(GoldenFolder.At("adafactor", run.GetProperty("files").GetProperty(precision).GetString()!));
        var names = Index.GetProperty("parameter_order").EnumerateArray().Select(name => name.GetString()!).ToArray();
        var absent = Index.GetProperty("grad_none").EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value.EnumerateArray().Select(step => step.GetInt32()).ToHashSet());

        var type = expected[$"traj.{names[0]}"].dtype;
        var parameters = names.ToDictionary(name => name, name => new Parameter(problem[$"init.{name}"].to(type, copy: true)));
        using var optimizer = Create(names.Select(name => parameters[name]), run.GetProperty("hyperparameters"), kernel);

        for (var step = 1; step <= Index.GetProperty("steps").GetInt32(); step++)
        {
            foreach (var (name, parameter) in parameters)
                parameter.grad = absent.TryGetValue(name, out var steps) && steps.Contains(step) ? null : problem[$"grad.{name}"][step - 1].to(type);
            optimizer.step();
            foreach (var (name, parameter) in parameters) AssertClose(expected[$"traj.{name}"][step], parameter, $"{name} after step {step}");
        }

        var states = optimizer.state_dict().State.Cast<ParameterState>().ToArray();
        for (var i = 0; i < names.Length; i++)
        {
            Assert.Equal(run.GetProperty("final_step_counter").GetProperty(names[i]).GetInt64(), states[i].Step);
            AssertState(expected, $"state.{names[i]}.exp_avg_sq_row", states[i]["exp_avg_sq_row"]);
            AssertState(expected, $"state.{names[i]}.exp_avg_sq_col", states[i]["exp_avg_sq_col"]);
            AssertState(expected, $"state.{names[i]}.exp_avg_sq", states[i]["exp_avg_sq"]);
            AssertState(expected, $"state.{names[i]}.exp_avg", states[i]["exp_avg"]);
            if (states[i]["RMS"] is { } rms) AssertState(expected, $"state.{names[i]}.RMS", rms.reshape(1)); // ours only where it is used
        }
    }

    private static Adafactor Create(IEnumerable<Parameter> parameters, JsonElement options, UpdateKernels kernel)
    {
        double? Number(string name) => options.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
        bool Flag(string name) => options.GetProperty(name).GetBoolean();
        return new Adafactor(parameters, Number("lr"), options.GetProperty("eps")[0].GetDouble(), options.GetProperty("eps")[1].GetDouble(),
            Number("clip_threshold")!.Value, Number("decay_rate")!.Value, Number("beta1") ?? 0, Number("weight_decay")!.Value,
            Flag("scale_parameter"), Flag("relative_step"), Flag("warmup_init"), kernel);
    }

    private static void AssertState(Dictionary<string, Tensor> expected, string name, Tensor? actual)
    {
        Assert.Equal(expected.ContainsKey(name), actual is not null);
        if (actual is not null) AssertClose(expected[name], actual, name);
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.dtype, actual.dtype);
        var (absolute, relative) = expected.dtype == float64 ? (1e-9, 0) : (1e-5, 1e-5);
        var excess = ((actual.detach() - expected).abs() - expected.abs().Times(relative)).max().ReadDouble();
        Assert.True(excess <= absolute, $"{what}: {excess} more than {relative} of the expected value, allowed {absolute}");
    }
}
