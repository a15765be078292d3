using System.Text.Json;
using TorchSharp.Modules;

namespace SamSharp.Tests.Golden;

/// <summary>The base optimizer that a golden run names, with its hyper-parameters; a group's own entries come first.</summary>
internal static class GoldenBase
{
    public static optim.Optimizer Create(JsonElement run, (Parameter[] Parameters, JsonElement Own)[] groups)
    {
        var common = run.GetProperty("base_hyperparameters");
        JsonElement? Find(JsonElement own, string name) =>
            own.TryGetProperty(name, out var value) || common.TryGetProperty(name, out value) ? value : null;
        double Number(JsonElement own, string name, double otherwise) => Find(own, name)?.GetDouble() ?? otherwise;
        double Beta(JsonElement own, int i, double otherwise) => Find(own, "betas")?[i].GetDouble() ?? otherwise;
        var lr = common.GetProperty("lr").GetDouble();

        var kind = run.GetProperty("base_optimizer").GetString();
        return kind switch
        {
            "SGD" or "built-in SGD" => optim.SGD(groups.Select(g => new SGD.ParamGroup(g.Parameters, new SGD.Options
            {
                LearningRate = Number(g.Own, "lr", lr),
                momentum = Number(g.Own, "momentum", 0),
                dampening = Number(g.Own, "dampening", 0),
                weight_decay = Number(g.Own, "weight_decay", 0),
                nesterov = Find(g.Own, "nesterov")?.GetBoolean() ?? false,
            })), lr),
            "AdamW" => optim.AdamW(groups.Select(g => new AdamW.ParamGroup(g.Parameters, new AdamW.Options
            {
                LearningRate = Number(g.Own, "lr", lr),
                beta1 = Beta(g.Own, 0, 0.9),
                beta2 = Beta(g.Own, 1, 0.999),
                eps = Number(g.Own, "eps", 1e-8),
                weight_decay = Number(g.Own, "weight_decay", 0.01),
            })), lr),
            "Adam" => optim.Adam(groups.Select(g => new Adam.ParamGroup(g.Parameters, new Adam.Options
            {
                LearningRate = Number(g.Own, "lr", lr),
                beta1 = Beta(g.Own, 0, 0.9),
                beta2 = Beta(g.Own, 1, 0.999),
                eps = Number(g.Own, "eps", 1e-8),
                weight_decay = Number(g.Own, "weight_decay", 0),
            })), lr),
            _ => throw new NotSupportedException($"No golden run has had {kind} as its base so far."),
        };
    }
}
