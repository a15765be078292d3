using System.Text.Json;
using SamSharp.Optimizers;
using SamSharp.Samples.T5.Checkpoints;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Model;

/// <summary>A few steps of SAM over Adafactor, in evaluation mode.</summary>
[TensorScope]
public class FineTuneGoldenTests
{
    private const double Tolerance = 1e-3;

    public static TheoryData<string> Runs =>
        [.. GoldenFolder.Models.Where(model => File.Exists(GoldenFolder.PathOf(model, "finetune.json")))];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Sam_over_adafactor_equals_the_reference(string folder)
    {
        using var scope = NewDisposeScope();
        using var document = JsonDocument.Parse(File.ReadAllBytes(GoldenFolder.PathOf(folder, "finetune.json")));
        var run = document.RootElement;
        using var model = T5Checkpoint.Load(GoldenFolder.PathOf(folder));
        var inputs = GoldenFolder.Read(folder, "short_inputs.safetensors");
        var start = model.named_parameters().ToDictionary(item => item.name, item => item.parameter.detach().clone());
        using var adafactor = MakeAdafactor(model.parameters(), run.GetProperty("adafactor"));
        using var optimizer = new SharpnessAwareOptimizer(adafactor, run.GetProperty("rho").GetDouble());
        var (losses, perturbed) = (Numbers(run, "loss"), Numbers(run, "loss_adv"));

        for (var step = 0; step < run.GetProperty("steps").GetInt32(); step++)
        {
            optimizer.Step(() =>
            {
                var loss = model.Loss(inputs["input_ids"], inputs["attention_mask"], inputs["labels"]);
                loss.backward();
                return loss;
            }).Dispose();
            Assert.Equal(losses[step], optimizer.LastStep.Loss, Tolerance);
            Assert.Equal(perturbed[step], optimizer.LastStep.PerturbedLoss, Tolerance);
        }

        using var unrecorded = no_grad();
        var last = model.Loss(inputs["input_ids"], inputs["attention_mask"], inputs["labels"]);
        Assert.Equal(losses[^1], last.item<float>(), Tolerance);
        foreach (var (name, parameter) in model.named_parameters())
        {
            AssertNorm(run.GetProperty("final_weight_norm"), name, parameter);
            AssertNorm(run.GetProperty("total_update_norm"), name, parameter - start[name]);
        }
    }

    private static void AssertNorm(JsonElement norms, string name, Tensor values)
    {
        var expected = norms.GetProperty(name).GetDouble();
        Assert.Equal(expected, values.to(float64).norm().item<double>(), Tolerance * expected);
    }

    private static Adafactor MakeAdafactor(IEnumerable<TorchSharp.Modules.Parameter> parameters, JsonElement options)
    {
        var epsilons = Numbers(options, "eps");
        return new Adafactor(parameters,
            lr: Optional("lr"),
            epsilon1: epsilons[0],
            epsilon2: epsilons[1],
            clipThreshold: options.GetProperty("clip_threshold").GetDouble(),
            decayRate: options.GetProperty("decay_rate").GetDouble(),
            beta1: Optional("beta1") ?? 0,
            weightDecay: options.GetProperty("weight_decay").GetDouble(),
            scaleParameter: options.GetProperty("scale_parameter").GetBoolean(),
            relativeStep: options.GetProperty("relative_step").GetBoolean(),
            warmupInit: options.GetProperty("warmup_init").GetBoolean());

        double? Optional(string key) =>
            options.GetProperty(key) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;
    }

    private static double[] Numbers(JsonElement parent, string key) =>
        [.. parent.GetProperty(key).EnumerateArray().Select(value => value.GetDouble())];
}
