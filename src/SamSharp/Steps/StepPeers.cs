using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What a step has to do with the other processes that train the same model; nothing if it is alone.</summary>
internal sealed class StepPeers(StepServices services)
{
    /// <summary>The numbers that travel with the tensors, before one for each parameter.</summary>
    private const int Unusable = 0, Loss = 1, PerturbedLoss = 2, Place = 3, Count = 4;

    private enum Stage
    {
        Ascent,
        Gradients,
        Weights,
    }

    private IGradientExchange? Exchange => services.Options.Exchange;

    public bool Exist => Exchange is not null;

    /// <summary>The index of a draw among those of all processes, which differ where each climbs on its own shard: with n processes of one part
    /// each, the draws of n parts in one process.</summary>
    public int DrawOf(int draw) => Exchange is { SynchronizesAscent: false } own ? (draw * own.Size) + own.Rank : draw;

    /// <summary>Averages the gradients at w, and the loss, if all processes climb along the same gradient.</summary>
    public void AverageAscent()
    {
        if (Exchange is not { SynchronizesAscent: true }) return;
        AverageGradients(Stage.Ascent, isUsable: true);
        services.Table.ReadGradients(perturbed: false);
    }

    /// <summary>Averages the final gradients and the report's losses.</summary>
    /// <returns>Whether the numbers are usable on all processes.</returns>
    public bool AverageFinal(bool isUsable)
    {
        if (Exchange is null) return isUsable;
        isUsable = AverageGradients(Stage.Gradients, isUsable);
        services.Table.ReadHandedOver();
        return isUsable;
    }

    /// <summary>Averages the weights, which a combiner has moved on each process by its own gradients.</summary>
    public void AverageWeights()
    {
        if (Exchange is null) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Average(services.Table.Slots.Select(services.Base.WidestOf).ToArray(), Stage.Weights, new double[Count]);
    }

    /// <summary>Averages all gradients, zeros for a missing one; what no process has stays missing.</summary>
    private bool AverageGradients(Stage stage, bool isUsable)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var parameters = services.Table.Slots.Where(slot => slot.Parameter.requires_grad).Select(slot => slot.Parameter).ToArray();
        var numbers = new double[Count + parameters.Length];
        numbers[Unusable] = isUsable && !(services.Options.SkipNonFinite && services.FindNonFinite(gradients: false).Value() > 0) ? 0 : 1;
        numbers[Loss] = services.Report.Loss;
        numbers[PerturbedLoss] = services.Report.PerturbedLoss;
        var gradients = new Tensor[parameters.Length];
        for (var i = 0; i < gradients.Length; i++)
        {
            var own = parameters[i].grad;
            numbers[Count + i] = own is null ? 0 : 1;
            gradients[i] = own ?? GiveZeros(parameters[i]);
        }
        var means = Average(gradients, stage, numbers);
        if (services.Report.LossTensor is not null) services.Report.LossTensor = tensor(means[Loss]);
        if (services.Report.PerturbedLossTensor is not null) services.Report.PerturbedLossTensor = tensor(means[PerturbedLoss]);
        for (var i = 0; i < gradients.Length; i++)
        {
            if (means[Count + i] == 0) parameters[i].grad = null;
        }
        return means[Unusable] == 0;
    }

    [InDisposeScope]
    private double[] Average(Tensor[] tensors, Stage stage, double[] numbers)
    {
        var place = numbers[Place] = (services.Report.Step * Enum.GetValues<Stage>().Length) + (int)stage;
        var means = tensor(numbers, device: tensors[0].device);
        Exchange!.Average(tensors, means);
        numbers = means.cpu().ReadAll<double>();
        if (Math.Abs(numbers[Place] - place) > 0.25)
            throw new InvalidOperationException($"The processes have not come to the same place: this one averages its {stage} in step " +
                $"{services.Report.Step}, others do something else. All must make the same steps, from the same checkpoint.");
        return numbers;
    }

    private static Tensor GiveZeros(Parameter parameter)
    {
        var zeros = zeros_like(parameter, requires_grad: false);
        parameter.grad = zeros;
        return zeros;
    }
}
