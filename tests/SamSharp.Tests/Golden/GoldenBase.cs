using System.Text.Json;
using TorchSharp.Modules;

namespace SamSharp.Tests.Golden;

/// <summary>The base optimizer that a golden run names, with its hyperparameters; a group's own entries come first.</summary>
internal static class GoldenBase
{
    private static readonly Dictionary<string, Func<BaseFamily, BaseGroup[], optim.Optimizer>> Kinds = new()
    {
        ["SGD"] = (family, groups) => family.Sgd(groups),
        ["built-in SGD"] = (family, groups) => family.Sgd(groups),
        ["AdamW"] = (family, groups) => family.AdamW(groups),
        ["Adam"] = (family, groups) => family.Adam(groups),
    };

    private static readonly HashSet<string> Settings =
        ["lr", "momentum", "dampening", "nesterov", "betas", "eps", "weight_decay", "amsgrad", "maximize"];

    /// <summary>A setting of the base optimizer; 0 where it has none.</summary>
    public static double Common(JsonElement run, string name) =>
        run.GetProperty("base_hyperparameters").TryGetProperty(name, out var value) ? value.GetDouble() : 0;

    public static optim.Optimizer Create(JsonElement run, BaseFamily family, (Parameter[] Parameters, JsonElement Own)[] groups)
    {
        var common = run.GetProperty("base_hyperparameters");
        var kind = run.GetProperty("base_optimizer").GetString()!;
        var unknown = common.EnumerateObject().Select(setting => setting.Name).Except(Settings).FirstOrDefault();
        if (unknown is not null) throw new NotSupportedException($"{kind} has no setting {unknown} here.");
        JsonElement? Find(JsonElement own, string name) =>
            own.TryGetProperty(name, out var value) || common.TryGetProperty(name, out value) ? value : null;
        double Number(JsonElement own, string name, double otherwise) => Find(own, name)?.GetDouble() ?? otherwise;
        return Kinds[kind](family, [.. groups.Select(g => new BaseGroup(g.Parameters, Number(g.Own, "lr", common.GetProperty("lr").GetDouble()))
        {
            Momentum = Number(g.Own, "momentum", 0),
            Dampening = Number(g.Own, "dampening", 0),
            Nesterov = Find(g.Own, "nesterov")?.GetBoolean() ?? false,
            AmsGrad = Find(g.Own, "amsgrad")?.GetBoolean() ?? false,
            Maximize = Find(g.Own, "maximize")?.GetBoolean() ?? false,
            Beta1 = Find(g.Own, "betas")?[0].GetDouble() ?? 0.9,
            Beta2 = Find(g.Own, "betas")?[1].GetDouble() ?? 0.999,
            Epsilon = Number(g.Own, "eps", 1e-8),
            WeightDecay = Number(g.Own, "weight_decay", kind == "AdamW" ? 0.01 : 0),
        })]);
    }
}
