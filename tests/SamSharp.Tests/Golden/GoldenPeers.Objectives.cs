namespace SamSharp.Tests.Golden;

/// <content>Ascents of another loss.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Objectives => new()
    {
        ["LIONS-EPFL/BiSAM: SAM (utility/sam.py) with loss_fnc.py"] = run =>
        {
            using var optimizer = run.Wrap(Recipe.Sam(run.Number("rho")));
            for (var t = 0; t < run.Problem.Steps; t++)
            {
                var mu = run.Number("mu");
                using var loss = optimizer.Step(() => run.Problem.Backward(t), ascent: () =>
                {
                    using var logits = run.Problem.Logits(t);
                    var bound = run.Settings.GetProperty("loss").GetString() == "tanh"
                        ? SamSharp.Objectives.MisclassificationTanh(logits, run.Problem.Labels(t), mu, run.Number("alpha"))
                        : SamSharp.Objectives.MisclassificationLog(logits, run.Problem.Labels(t), mu);
                    bound.backward();
                    return bound;
                });
                run.Near("loss", t, loss.Times(mu)); // the peer leaves out the factor 1/mu
                run.Near("loss_adv", t, tensor(optimizer.LastStep.PerturbedLoss, run.Dtype));
                run.WeightsNear(t);
            }
        },
    };
}
