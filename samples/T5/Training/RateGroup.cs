using SamSharp.Samples.T5.Model;
using TorchSharp.Modules;

namespace SamSharp.Samples.T5.Training;

/// <summary>Parameters that have a learning rate in common.</summary>
/// <param name="Factor">By which the schedule's rate is multiplied.</param>
internal sealed record RateGroup(IReadOnlyList<Parameter> Parameters, double Factor)
{
    /// <summary>All that is trained of a model; a fresh head with a rate of its own is a second group.</summary>
    public static IReadOnlyList<RateGroup> Of(TrainedModel model, TrainingOptions options)
    {
        List<Parameter> trained = [.. model.parameters().Where(parameter => parameter.requires_grad)];
        if (options.HeadRate is not { } factor || model.FreshHead is not { } head)
            return [new(trained, 1)];
        var handles = head.parameters().Select(parameter => parameter.Handle).ToHashSet();
        return
        [
            new([.. trained.Where(parameter => !handles.Contains(parameter.Handle))], 1),
            new([.. trained.Where(parameter => handles.Contains(parameter.Handle))], factor),
        ];
    }
}
