using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The gradients of several tasks in one step: at w, and at w + e of each task.</summary>
/// <param name="services">What the step works with.</param>
/// <param name="count">The number of tasks.</param>
/// <param name="together">Whether the gradients at w are left out, and those at w + e aggregated at once.</param>
internal sealed class TaskGradients(StepServices services, int count, bool together) : IDisposable
{
    private readonly Task[] _tasks = [.. Enumerable.Range(0, count).Select(_ => new Task())];
    private readonly LossMean _loss = new(services.Report);

    /// <summary>Takes over the gradients and losses of a task's run.</summary>
    public void Add(int task)
    {
        _loss.Add(1.0 / count);
        using var noGradient = no_grad();
        foreach (var slot in services.Table.Slots)
        {
            if (slot.Final is { } final) _tasks[task].Final.Put(slot, final.alias());
            if (together) continue;
            if (!services.Report.Perturbed) continue; // a plain step has no rise
            if (slot.AscentGradient is { } own) _tasks[task].AtWeights.Put(slot, own.alias());
        }
        _tasks[task].WasPerturbed = services.Report.Perturbed;
        services.Table.ReleaseGradients();
    }

    /// <summary>Sets the parameters' gradients to what the aggregator makes of the tasks', and the report's losses to the means.</summary>
    public void Put(GradientAggregator aggregator)
    {
        _loss.Put();
        var used = services.Table.Slots
            .Select(slot => (Slot: slot, Users: _tasks.Where(task => task.Final.Find(slot) is not null).ToArray())).ToArray();
        using (var noGradient = no_grad())
        using (var scope = NewDisposeScope())
        {
            foreach (var (slot, users) in used.Where(one => one.Users.Length == 1)) slot.Parameter.grad = users[0].Final.Find(slot)!;
            var shared = used.Where(one => one.Users.Length > 1).Select(one => one.Slot)
                .GroupBy(slot => (slot.Parameter.dtype, slot.Parameter.device.ToString())).Select(group => group.ToArray()).ToArray();
            var sums = shared.Select(slots => Array.ConvertAll(slots, ParameterBucket.NewSum)).ToArray();
            if (together || !Array.Exists(_tasks, task => task.WasPerturbed))
            {
                Aggregate(aggregator, shared, sums, (task, slot) => task.Final.Find(slot));
            }
            else
            {
                foreach (var task in _tasks) task.MakeRises(services, shared);
                Aggregate(aggregator, shared, sums, (task, slot) => task.Rises.Find(slot));
                Aggregate(aggregator, shared, sums, (task, slot) => task.AtWeights.Find(slot));
            }
            foreach (var (slots, sum) in shared.Zip(sums))
            {
                for (var i = 0; i < slots.Length; i++) slots[i].Parameter.grad = sum[i].to(slots[i].Parameter.dtype);
            }
        }
        services.Table.RequireGradients("second", perturbed: false);
    }

    /// <summary>The mean loss, which the caller owns.</summary>
    public Tensor TakeLoss() => _loss.Take();

    public void Dispose()
    {
        _loss.Dispose();
        foreach (var task in _tasks) task.Dispose();
    }

    /// <summary>Adds the combination of some vectors of the tasks.</summary>
    [InDisposeScope]
    private void Aggregate(GradientAggregator aggregator, ParameterSlot[][] shared, Tensor[][] sums, Func<Task, ParameterSlot, Tensor?> vectorOf)
    {
        if (shared.Length == 0) return;
        var vectors = shared.Select(slots => Array.ConvertAll(_tasks, task => Array.ConvertAll(slots, slot =>
            vectorOf(task, slot) ?? zeros_like(slot.Parameter, requires_grad: false)))).ToArray();
        var coefficients = aggregator.CoefficientsOf(Products(vectors));
        for (var task = 0; task < count; task++)
        {
            foreach (var (sum, all) in sums.Zip(vectors)) services.Kernels.Accumulate(sum, all[task], coefficients[task]);
        }
    }

    /// <summary>The inner products of all pairs of tasks; the device is read once.</summary>
    [InDisposeScope]
    private double[,] Products(Tensor[][][] vectors)
    {
        var pairs = Enumerable.Range(0, count).SelectMany(i => Enumerable.Range(i, count - i).Select(j => (I: i, J: j))).ToArray();
        var device = vectors[0][0][0].device;
        var products = stack(pairs.Select(pair => stack(vectors.Select(all =>
            services.Kernels.Dot(all[pair.I], all[pair.J]).to(ScalarType.Float64, device).reshape([])).ToArray()).sum()).ToArray()).ReadAll<double>();
        var matrix = new double[count, count];
        foreach (var ((i, j), product) in pairs.Zip(products)) matrix[i, j] = matrix[j, i] = product;
        return matrix;
    }

    /// <summary>What one task left.</summary>
    private sealed class Task : IDisposable
    {
        public SlotTensors Final { get; } = new();

        public SlotTensors AtWeights { get; } = new();

        public bool WasPerturbed { get; set; }

        /// <summary>g+ - g, in the place of g+.</summary>
        public SlotTensors Rises => Final;

        /// <summary>Turns the gradients of shared parameters at w + e into rises. In a task without a perturbation they are 0.</summary>
        public void MakeRises(StepServices services, ParameterSlot[][] shared)
        {
            foreach (var slots in shared)
            {
                var own = slots.Where(slot => Final.Find(slot) is not null).ToArray();
                if (!WasPerturbed)
                {
                    foreach (var slot in own) AtWeights.Put(slot, Final.Find(slot)!.clone());
                }
                var gradients = own.Select(slot => AtWeights.Find(slot) ?? zeros_like(slot.Parameter, requires_grad: false)).ToArray();
                services.Kernels.Accumulate([.. own.Select(slot => Final.Find(slot)!)], gradients, -1);
            }
        }

        public void Dispose()
        {
            Final.Dispose();
            AtWeights.Dispose();
        }
    }
}
