using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class OptimizerExtensions
{
    /// <summary>
    /// Makes one step on several tasks at once by FS-MTL (Phan et al., "Improving Multi-task Learning via Seeking Task-based Flat Regions", 2022;
    /// VietHoang1512/FS-MTL). Each task has its own perturbation, of the parameters that it uses. The gradients g_i at w and the rises
    /// h_i = g+_i - g_i are aggregated apart, and the shared parameters get the sum of both; a parameter that one task alone uses gets its g+_i.
    /// </summary>
    /// <param name="optimizer">The optimizer; its recipe must neither remember anything nor act after the step. The authors' rho is 0.05
    /// (Multi-MNIST), or 2 with an adaptive geometry.</param>
    /// <param name="tasks">One closure per task, which computes the loss of that task alone, calls <c>backward()</c> and returns the loss.</param>
    /// <param name="aggregator">Makes one gradient of several. Null (default): their mean, with which the step is that of the mean of the tasks'
    /// g+_i.</param>
    /// <param name="together">True to aggregate the g+_i at once, as the paper's baselines do, which keeps one copy of the shared parameters per task
    /// instead of two. Default false.</param>
    /// <returns>The mean of the tasks' losses at w, without history. The losses that the closures return are freed.</returns>
    /// <exception cref="ArgumentException">There is no task.</exception>
    /// <exception cref="InvalidOperationException">A closure left no gradient; an ascent is under way; the recipe takes no gradients at w, which the
    /// rises need; or a part of it remembers something or acts after the step.</exception>
    public static Tensor TaskStep(this SharpnessAwareOptimizer optimizer, IReadOnlyList<Func<Tensor>> tasks, GradientAggregator? aggregator = null,
        bool together = false)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(tasks);
        if (tasks.Count == 0 || tasks.Contains(null!)) throw new ArgumentException("There is no task to learn, or one is null.", nameof(tasks));
        Composition.RequireNoHistory(optimizer.Options, optimizer.Memory, "A step over several tasks");
        return optimizer.InNewStep(step =>
        {
            if (!together && !optimizer.Services.NeedsFirstPass)
                throw new InvalidOperationException("FS-MTL aggregates the gradients at w, which " +
                    $"{optimizer.Options.Direction.GetType().Name} does not take. Use another direction, or aggregate the final gradients together.");
            using var gradients = new TaskGradients(optimizer.Services, tasks.Count, together);
            for (var task = 0; task < tasks.Count; task++)
            {
                var stages = optimizer.StagesOf(tasks[task]);
                stages[0] = stages[0] with { KeepsGradients = !together };
                using var loss = step.Run(tasks[task], stages, task);
                gradients.Add(task);
            }
            gradients.Put(aggregator ?? GradientAggregator.Mean);
            step.StepBase();
            return gradients.TakeLoss();
        });
    }
}
