using System.Text.Json;
using SamSharp.Optimizers;
using SamSharp.Tests.Golden;
using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Every trajectory of golden/torch_optim, in every precision it was recorded in, by the vectorized passes, by libtorch's
/// operators, and as the formula says.</summary>
public class FusedGoldenTests
{
    private static readonly JsonElement Index = GoldenFolder.Json("torch_optim", "index.json");

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
        var kind = run.GetProperty("optimizer").GetString()!;
        var problem = Safetensors.ReadAll(GoldenFolder.At("torch_optim", "problem.safetensors"));
        var expected = Safetensors.ReadAll(GoldenFolder.At("torch_optim", run.GetProperty("files").GetProperty(precision).GetString()!));
        var names = Index.GetProperty("parameter_order").EnumerateArray().Select(name => name.GetString()!).ToArray();
        var absent = Index.GetProperty("grad_none").EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value.EnumerateArray().Select(step => step.GetInt32()).ToHashSet());

        var type = expected[$"traj.{names[0]}"].dtype;
        var (absolute, relative) = type == float32 ? (1e-5, 1e-5) : kind.EndsWith("SGD", StringComparison.Ordinal) ? (1e-13, 0) : (1e-9, 0);
        var parameters = names.ToDictionary(name => name, name => new Parameter(problem[$"init.{name}"].to(type, copy: true)));
        using var optimizer = Create(kind, names.Select(name => parameters[name]), run.GetProperty("hyperparameters"));
        ((StatefulOptimizer)optimizer).Kernel = kernel;

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
            if (run.TryGetProperty("final_step_counter", out var counters)) Assert.Equal(counters.GetProperty(names[i]).GetInt64(), states[i].Step);
            foreach (var field in states[i].Names)
            {
                var tensor = states[i][field];
                Assert.Equal(expected.TryGetValue($"state.{names[i]}.{field}", out var recorded), tensor is not null);
                if (tensor is not null) AssertClose(recorded!, tensor, $"{field} of {names[i]}");
            }
        }

        void AssertClose(Tensor wanted, Tensor actual, string what)
        {
            Assert.Equal(wanted.shape, actual.shape);
            Assert.Equal(wanted.dtype, actual.dtype);
            var excess = ((actual.detach() - wanted).abs() - wanted.abs().Times(relative)).max().ReadDouble();
            Assert.True(excess <= absolute, $"{what}: {excess} more than {relative} of the expected value, allowed {absolute}");
        }
    }

    /// <summary>What a run does not name is left to the constructors' defaults, which are to be PyTorch's.</summary>
    private static OptimizerHelper Create(string kind, IEnumerable<Parameter> parameters, JsonElement given)
    {
        double? Number(string name, int? index = null) =>
            !given.TryGetProperty(name, out var value) ? null : (index is { } i ? value[i] : value).GetDouble();
        bool? Flag(string name) => given.TryGetProperty(name, out var value) ? value.GetBoolean() : null;

        var adam = () => new AdamOptions
        {
            LearningRate = Number("lr"),
            Beta1 = Number("betas", 0),
            Beta2 = Number("betas", 1),
            Epsilon = Number("eps"),
            WeightDecay = Number("weight_decay"),
            AmsGrad = Flag("amsgrad"),
            Maximize = Flag("maximize"),
        };
        return kind switch
        {
            "torch.optim.AdamW" => new FusedAdamW([new FusedAdamW.ParamGroup(parameters, adam())]),
            "torch.optim.Adam" => new FusedAdam([new FusedAdam.ParamGroup(parameters, adam())]),
            "torch.optim.SGD" => new FusedSGD([new FusedSGD.ParamGroup(parameters, new FusedSGD.Options
            {
                Momentum = Number("momentum"),
                Dampening = Number("dampening"),
                WeightDecay = Number("weight_decay"),
                Nesterov = Flag("nesterov"),
                Maximize = Flag("maximize"),
            })], lr: Number("lr")!.Value),
            _ => throw new NotSupportedException($"No golden run has been of {kind} so far."),
        };
    }
}
